/* SPDX-License-Identifier: MIT */
/* show - inspect and top: what a container is, and what runs in it. See proc(5). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"
#include "verb.h"

/* One object; several containers are an array, whose brackets are in run_inspect(). */
static int inspect(struct call *call, minc_container *ct)
{
	char *text;

	if (minc_inspect(call->c, ct, &text) < 0)
		return fail_library(call);
	(void)fputs(text, stdout);
	if (*text && text[strlen(text) - 1] != '\n')
		(void)putchar('\n');
	free(text);
	return 0;
}

static int run_inspect(struct call *call)
{
	const char *between = "[\n";
	int status = 0, i;

	if (call->count == 1)
		return each_container(call, inspect);
	for (i = 0; i < call->count; i++) {
		minc_container *ct;

		if (minc_open(call->c, call->operands[i], &ct) < 0) {
			status = fail_library(call);
			continue;
		}
		(void)fputs(between, stdout);
		between = ",\n";
		if (inspect(call, ct) != 0) {
			(void)puts("null");
			status = EXIT_OURS;
		}
		minc_container_free(ct);
	}
	(void)puts(*between == '[' ? "[]" : "]");
	return status;
}

/* A small file of /proc/PID, terminated; its length, 0 if it cannot be read. */
static size_t read_proc(int pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, buf, size - 1);
	(void)close(fd); /* only read */
	if (n < 0)
		return 0;
	buf[n] = '\0';
	return (size_t)n;
}

/* "[name]" of a process that has no arguments, such as a zombie. */
static void cell_command(struct table *t, int pid, char *stat)
{
	char text[4096], *name = strchr(stat, '('), *end = strrchr(stat, ')');
	size_t len = read_proc(pid, "cmdline", text, sizeof(text)), i;

	if (len > 0) {
		for (i = 0; i + 1 < len; i++)
			if (!text[i])
				text[i] = ' ';
		table_cell(t, "%s", text);
	} else {
		table_cell(t, "[%.*s]", name && end ? (int)(end - name - 1) : 0,
			   name ? name + 1 : "");
	}
}

/* Of /proc/PID/stat, after the name: state is field 3, the times are 14 and 15. */
static unsigned long long cpu_seconds(const char *stat)
{
	const char *p = strrchr(stat, ')');
	unsigned long long user, system;
	int field;

	for (field = 2; p && field < 14; field++)
		p = strchr(p + 1, ' ');
	if (!p || sscanf(p, "%llu %llu", &user, &system) != 2)
		return 0;
	return (user + system) / (unsigned long)sysconf(_SC_CLK_TCK);
}

/* One that ends meanwhile is left out. */
static int show_process(int pid, int pid_inside, void *userdata)
{
	struct table *t = userdata;
	unsigned long long s;
	char stat_text[1024], path[32];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%d", pid);
	if (stat(path, &st) < 0 ||
	    read_proc(pid, "stat", stat_text, sizeof(stat_text)) == 0)
		return 0;
	table_cell(t, "%d", pid);
	table_cell(t, "%d", pid_inside);
	table_cell(t, "%u", (unsigned)st.st_uid);
	s = cpu_seconds(stat_text);
	table_cell(t, "%02llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
	cell_command(t, pid, stat_text);
	return 0;
}

static int run_top(struct call *call)
{
	static const char *const head[] = { "PID", "INSIDE", "UID", "TIME", "COMMAND" };
	struct table t = { .columns = sizeof(head) / sizeof(head[0]) };
	minc_container *ct;
	int status = 0;
	size_t i;

	if (minc_open(call->c, call->operands[0], &ct) < 0)
		return fail_library(call);
	for (i = 0; i < t.columns; i++)
		table_cell(&t, "%s", head[i]);
	if (!is_alive(ct))
		status = EXIT_OURS;
	else if (minc_top(call->c, ct, show_process, &t) < 0)
		status = fail_library(call);
	minc_container_free(ct);
	if (status)
		t.failed = true; /* print nothing */
	if (!table_print(&t) && !status)
		status = fail_say("out of memory");
	return status;
}

// clang-format off
const struct verb show_verbs[] = {
	{ .names = "inspect", .operands = "CONTAINER...", .least = 1, .most = -1,
	  .help = "Print what is known of containers, as JSON", .options = no_options,
	  .run = run_inspect },
	{ .names = "top", .operands = "CONTAINER", .least = 1, .most = 1,
	  .help = "List the processes of a container", .options = no_options, .run = run_top },
	{ .names = NULL }
};
// clang-format on
