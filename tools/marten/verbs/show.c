/* SPDX-License-Identifier: MIT */
/*
 * show - inspect and top: what a container or image is, and what runs in it. See proc(5).
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "marten/call.h"
#include "marten/container/kept.h"
#include "marten/print/text.h"

enum { TYPE_ANY, TYPE_CONTAINER, TYPE_IMAGE };

struct inspect_values {
	int type;
};

static const char *read_type(void *into, const char *value)
{
	*(int *)into = strcmp(value, "image") == 0       ? TYPE_IMAGE
		       : strcmp(value, "container") == 0 ? TYPE_CONTAINER
							 : TYPE_ANY;
	return *(int *)into ? NULL : "unknown type (container, image)";
}

static void print_words(const char *key, const struct words *words)
{
	size_t i;

	(void)printf(",\n  \"%s\": [", key);
	for (i = 0; words && i < words->len; i++) {
		(void)fputs(i ? ", " : "", stdout);
		print_json_string(words->v[i]);
	}
	(void)putchar(']');
}

/* "{" and what the store knows. @more: the rest of the object follows. */
static void print_kept(const char *before, const struct kept *k, bool more)
{
	(void)printf("%s{\n  \"image\": ", before);
	print_json_string(k->readable ? k->recipe.image : "");
	(void)printf(",\n  \"image_digest\": ");
	print_json_string(k->digest);
	print_words("labels", k->readable ? &k->recipe.labels : NULL);
	(void)printf(",\n  \"made_ms\": %lld", (long long)k->created_ms);
	print_words("options", k->readable ? &k->recipe.options : NULL);
	if (more) {
		(void)putchar(',');
		return;
	}
	print_words("command", k->readable ? &k->recipe.operands : NULL);
	print_words("environment", k->readable ? &k->recipe.environment : NULL);
	(void)printf(",\n  \"auto_remove\": %s",
		     k->readable && k->recipe.remove ? "true" : "false");
	(void)printf(",\n  \"id\": \"%s\",\n  \"name\": ", k->id);
	print_json_string(k->name);
	(void)printf(",\n  \"state\": \"%s\",\n  \"storage\": ",
		     kept_has_run(k) ? "exited" : "created");
	print_json_string(k->dir);
	(void)puts("\n}");
}

static void print_text(const char *before, char *text)
{
	(void)fputs(before, stdout);
	(void)fputs(text, stdout);
	if (*text && text[strlen(text) - 1] != '\n')
		(void)putchar('\n');
	free(text);
}

static int inspect_container(struct call *call, const char *before, minc_container *ct)
{
	struct kept *k = kept_find(call, minc_container_id(ct));
	char *text;

	if (minc_inspect(call->c, ct, &text) < 0) {
		kept_free(k);
		return fail_library(call);
	}
	if (k && *text == '{') {
		print_kept(before, k, true);
		before = "";
		*text = ' ';
	}
	kept_free(k);
	print_text(before, text);
	return 0;
}

static int inspect_image(struct call *call, const char *before, const char *name)
{
	minc_store *store = call_store(call);
	minc_image *image;
	char *text;
	int r;

	if (!store || minc_image_find(store, name, &image) < 0)
		return store ? fail_library(call) : EXIT_OURS;
	r = minc_image_inspect(image, &text);
	minc_image_free(image);
	if (r < 0)
		return fail_library(call);
	print_text(before, text);
	return 0;
}

static bool has_image(struct call *call, const char *name)
{
	minc_image *image;

	if (minc_image_find(call->store, name, &image) < 0)
		return false;
	minc_image_free(image);
	return true;
}

/* A container that runs, one of the store, or an image. @before is printed before it. */
static int inspect(struct call *call, const char *before, const char *name)
{
	const struct inspect_values *o = call->values;
	struct kept *k;
	minc_container *ct;
	int r = o->type == TYPE_IMAGE ? -ENOENT : minc_open(call->c, name, &ct);

	if (r == 0) {
		r = inspect_container(call, before, ct);
		minc_container_free(ct);
		return r;
	}
	if (o->type == TYPE_IMAGE)
		return inspect_image(call, before, name);
	if (r != -ENOENT && (r != -EINVAL || o->type == TYPE_CONTAINER))
		return fail_library(call);
	k = kept_find(call, name);
	if (k) {
		print_kept(before, k, false);
		kept_free(k);
		return 0;
	}
	if (o->type == TYPE_ANY && call->store && has_image(call, name))
		return inspect_image(call, before, name);
	return fail_say("%.200s: no such container%s", name,
			o->type == TYPE_ANY ? " or image" : "");
}

/* An object for one operand, an array for several. */
static int run_inspect(struct call *call)
{
	const char *before = "[\n";
	int status = 0, i;

	if (call->count == 1)
		return inspect(call, "", call->operands[0]);
	for (i = 0; i < call->count; i++) {
		int r = inspect(call, before, call->operands[i]);

		if (r == 0)
			before = ",\n";
		else
			status = r;
	}
	(void)puts(*before == '[' ? "[]" : "]");
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
		return say_unknown(call, call->operands[0]);
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
static const struct option inspect_options[] = {
	{ "--type", "container|image", "Only one of them",
	  .offset = offsetof(struct inspect_values, type), .read = read_type },
	{ .names = NULL }
};
const struct verb show_verbs[] = {
	{ .names = "inspect", .operands = "CONTAINER|IMAGE...", .least = 1, .most = -1,
	  .help = "Print what is known of containers and images, as JSON",
	  .options = inspect_options, .run = run_inspect },
	{ .names = "top", .operands = "CONTAINER", .least = 1, .most = 1,
	  .help = "List the processes of a container", .options = no_options, .run = run_top },
	{ .names = NULL }
};
// clang-format on
