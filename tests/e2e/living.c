/* SPDX-License-Identifier: MIT */
/*
 * living - the calls on background containers, for the tests: one call each, its result
 * in one line on stdout; "error ERRNO MESSAGE" and status 1 if it failed, on stderr if
 * nobody reads. Public headers only.
 */
#include <errno.h>
#include <minc/minc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static minc_ctx *ctx;
static minc_container *found; /* argv[2], where the row wants it */
static int status;

static int number(const char *s)
{
	return s ? atoi(s) : -1;
}

static int say_status(int r)
{
	if (r == 0)
		(void)printf("status %d\n", status);
	return r;
}

static int do_attach(char **args)
{
	int r;

	(void)setvbuf(stdout, NULL, _IONBF, 0);
	r = minc_attach(ctx, found, args[0], &status);
	if (r == 1)
		(void)printf("\r\ndetached\r\n");
	return r == 1 ? 0 : say_status(r);
}

static int do_wait(char **args)
{
	return say_status(minc_wait(found, number(args[0]), &status));
}

/* Wait for what was opened before something happened to it. */
static int do_hold(char **args)
{
	char c;

	(void)args;
	(void)printf("open\n");
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		;
	return say_status(minc_wait(found, -1, &status));
}

static int do_stop(char **args)
{
	return say_status(minc_stop(ctx, found, number(args[0]), number(args[1]),
				    &status));
}

static int do_kill(char **args)
{
	return minc_kill(found, number(args[0]));
}

static int do_delete(char **args)
{
	return minc_delete(ctx, found, args[0] ? (unsigned)number(args[0]) : 0);
}

static int do_rename(char **args)
{
	int r = minc_rename(ctx, found, args[0]);

	if (r == 0)
		(void)printf("%s\n", minc_container_name(found));
	return r;
}

static int do_resize(char **args)
{
	return minc_resize(found, (unsigned)number(args[0]), (unsigned)number(args[1]));
}

static const char *state_word(const minc_container *ct)
{
	static const char *const words[] = { "?", "running", "paused", "exited", "lost" };
	int state = minc_container_state(ct);

	return words[state >= 1 && state <= 4 ? state : 0];
}

static int do_show(char **args)
{
	(void)args;
	(void)printf("%s %s %d %s %s\n", minc_container_id(found),
		     minc_container_name(found), minc_container_pid(found),
		     state_word(found), minc_container_dir(found));
	return 0;
}

static int visit(minc_container *ct, void *userdata)
{
	int *left = userdata;

	(void)printf("%.12s %s %s\n", minc_container_id(ct), minc_container_name(ct),
		     state_word(ct));
	return --*left == 0 ? 7 : 0;
}

static void warn(const char *line, void *userdata)
{
	(void)userdata;
	(void)printf("warning %s\n", line);
}

static int do_list(char **args)
{
	int left = number(args[0]);
	int r = minc_foreach(ctx, visit, &left);

	if (r == 7)
		(void)printf("stopped\n");
	return r == 7 ? 0 : r;
}

static const struct {
	const char *name;
	int (*fn)(char **args);
	int opens;
} rows[] = {
	{ "attach", do_attach, 1 }, { "wait", do_wait, 1 },
	{ "hold", do_hold, 1 },     { "stop", do_stop, 1 },
	{ "kill", do_kill, 1 },     { "delete", do_delete, 1 },
	{ "rename", do_rename, 1 }, { "resize", do_resize, 1 },
	{ "show", do_show, 1 },     { "list", do_list, 0 },
};

static int run(char **argv)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r = 0;

		if (strcmp(rows[i].name, argv[1]) != 0)
			continue;
		if (rows[i].opens)
			r = argv[2] ? minc_open(ctx, argv[2], &found) : -EINVAL;
		return r < 0 ? r : rows[i].fn(argv + 2 + rows[i].opens);
	}
	return -ENOSYS;
}

int main(int argc, char **argv)
{
	char *args[8] = { NULL };
	int r;

	if (argc < 2 || argc > 6)
		return 2;
	memcpy(args, argv, (size_t)argc * sizeof(char *));
	ctx = minc_ctx_new();
	if (!ctx)
		return 2;
	(void)minc_set_log(ctx, warn, NULL);
	r = run(args);
	if (r < 0)
		(void)fprintf(r == -EPIPE ? stderr : stdout, "error %d %s\n", -r,
			      minc_error_message(ctx));
	minc_container_free(found);
	minc_ctx_free(ctx);
	return r < 0;
}
