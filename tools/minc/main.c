/* SPDX-License-Identifier: MIT */
/*
 * minc - run a command in a container: options become library calls, the library's answer
 * becomes an exit status. It is the command's, or 125 (ours), 126 (not executable), 127
 * (not found); 128+N if signal N ended it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/complete.h"
#include "common/files.h"
#include "common/help.h"
#include "common/signals.h"
#include "idle.h"
#include "images.h"
#include "line.h"
#include "status.h"

enum { EXIT_OURS = 125, SHORT_MS = 20 };

static const char advice[] = "try 'minc --help'\n";

static int usage_error(const struct options *o)
{
	const struct reading *r = &o->words;

	(void)fprintf(stderr, "minc: %s\n%s", r->message, advice);
	status_failed(o->status_fd, EXIT_OURS, r->message, 0,
		      r->now ? r->given[r->now - 1].word : "");
	return EXIT_OURS;
}

/* The library's failure, in its words. */
static int failure(const struct options *o)
{
	const char *hint = minc_error_hint(o->c);
	int status = minc_error_exit_status(o->c);

	(void)fprintf(stderr, "minc: %s\n", minc_error_message(o->c));
	if (*hint)
		(void)fprintf(stderr, "minc: hint: %s\n", hint);
	status_failed(o->status_fd, status, minc_error_message(o->c),
		      minc_error_step(o->c), minc_error_origin(o->c));
	return status ? status : EXIT_OURS;
}

static void warn(const char *line, void *userdata)
{
	(void)fprintf(stderr, "minc: warning: %s\n", line);
}

/* Whether all of stdout arrived; otherwise says so. */
static int finish_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	(void)fprintf(stderr, "minc: standard output: %s\n", strerror(errno));
	return EXIT_OURS;
}

/* Without a stream: starting fast is a feature, and this is what measures it. */
static int version(void)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "minc %s\n", minc_version());

	if (write(STDOUT_FILENO, line, (size_t)len) == len)
		return 0;
	(void)fprintf(stderr, "minc: standard output: %s\n", strerror(errno));
	return EXIT_OURS;
}

static int completion(const struct options *o)
{
	const char *wrong = complete_script(&minc, o->shell);

	if (!wrong)
		return finish_output(0);
	(void)fprintf(stderr, "minc: --completion %.32s: %s\n%s", o->shell, wrong,
		      advice);
	return EXIT_OURS;
}

static int explain(struct options *o, FILE *out)
{
	char *text;

	if (minc_explain(o->c, o->command, o->format, &text) < 0)
		return failure(o);
	(void)fputs(text, out);
	free(text);
	return out == stdout ? finish_output(0) : 0;
}

/* One word for a shell, and for xargs(1). */
static void print_word(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_./-+,:@%=";

	if (*s && !s[strspn(s, plain)]) {
		(void)printf(" %s", s);
		return;
	}
	(void)fputs(" '", stdout);
	for (; *s; s++)
		if (*s == '\'')
			(void)fputs("'\\''", stdout);
		else
			(void)putchar(*s);
	(void)putchar('\'');
}

/* How to go on with what was kept in a directory that the user did not choose. */
static int reuse(const char *self, const char *root, const char *storage, int status)
{
	(void)fputs("To reuse this, run:", stdout);
	print_word(self);
	if (!root) { /* a container of the store knows it */
		(void)printf(" -t %.12s\n", storage);
		return finish_output(status);
	}
	(void)fputs(" -r", stdout);
	print_word(root);
	(void)fputs(" -t", stdout);
	print_word(storage);
	(void)putchar('\n');
	return finish_output(status);
}

/*
 * Wait for the command, small: what describes the container is not needed any more. Not
 * right away, for code that is dropped has to be fetched again at the end of a short one.
 */
static int wait_for(struct options *o, minc_container *ct)
{
	int status = 0, r = -ETIMEDOUT;

	o->c = minc_ctx_free(o->c);
	if (minc_container_terminal(ct) < 0)
		r = minc_wait(ct, SHORT_MS, &status);
	if (r == -ETIMEDOUT)
		idle_forget_code();
	if (r == -ETIMEDOUT || r == 0) /* what it wrote may still be on its way */
		r = minc_foreground(ct, &status);
	minc_container_free(ct);
	if (r == 0) {
		status_ended(o->status_fd, status);
		return status;
	}
	(void)fprintf(stderr, "minc: waiting for the command: %s\n", strerror(-r));
	status_failed(o->status_fd, EXIT_OURS, "waiting for the command", 0, "");
	return EXIT_OURS;
}

/* Before anything is started; it may still be made by another meanwhile. */
static int check_file(const char *option, const char *path)
{
	if (!path || access(path, F_OK) < 0)
		return 0;
	(void)fprintf(stderr, "minc: %s %s: %s\n", option, path, strerror(EEXIST));
	return EXIT_OURS;
}

static int write_files(const struct options *o, const minc_container *ct)
{
	char text[16];
	const char *id = o->background ? minc_container_id(ct) : o->container;
	const struct text_file files[] = { { "--cidfile", o->cidfile, id },
					   { "--pidfile", o->pidfile, text } };
	const struct text_file *failed;
	int r;

	(void)snprintf(text, sizeof(text), "%d\n", minc_container_pid(ct));
	r = files_write_new(files, 2, &failed);
	if (r == 0)
		return 0;
	(void)fprintf(stderr, "minc: %s %s: %s\n", failed->option, failed->path,
		      strerror(-r));
	return EXIT_OURS;
}

/* It goes on without us; what is printed is what MINCS prints, or the id for a script. */
static int leave(const struct options *o, minc_container *ct)
{
	char line[4200];

	if (o->quiet)
		(void)snprintf(line, sizeof(line), "%s", minc_container_id(ct));
	else
		(void)snprintf(line, sizeof(line),
			       "Run container in background. See %s/log for output.",
			       minc_container_dir(ct));
	files_print_or_warn("minc", "running", line);
	minc_container_free(ct);
	return 0;
}

static int run(struct options *o, const char *self)
{
	bool tell = o->keep && !o->tempdir && !o->quiet;
	char *root, *storage = NULL;
	minc_container *ct;
	int status;

	if (check_file("--cidfile", o->cidfile) != 0 ||
	    check_file("--pidfile", o->pidfile) != 0)
		return EXIT_OURS;
	root = tell && !o->fresh_image ? realpath(o->root ? o->root : "/", NULL) : NULL;
	if (images_begin(o) < 0) {
		free(root);
		return failure(o);
	}
	signals_block();
	if (minc_start(o->c, o->command, &ct) < 0) {
		free(root);
		status = failure(o);
		images_abandon(o);
		return status;
	}
	images_done(o);
	status_started(o->status_fd, minc_container_pid(ct));
	status = write_files(o, ct);
	if (status != 0) {
		(void)minc_kill(ct, SIGKILL);
		(void)minc_wait(ct, -1, NULL);
		if (o->background)
			(void)minc_delete(o->c, ct, 0);
		minc_container_free(ct);
		free(root);
		return status;
	}
	if (o->background) {
		free(root);
		return leave(o, ct);
	}
	if (o->made && !o->quiet && !o->remove)
		storage = strdup(o->container);
	else if (root && minc_storage(o->c))
		storage = strdup(minc_storage(o->c));
	status = wait_for(o, ct);
	if (o->made && o->remove && images_forget(o) < 0)
		(void)fprintf(stderr, "minc: --rm: %s\n", minc_error_message(o->c));
	if (storage)
		status = reuse(self, root, storage, status);
	free(storage);
	free(root);
	return status;
}

static int apply(struct options *o, const char *self)
{
	const char *debug = getenv("MINC_DEBUG");
	int status;

	o->c = minc_ctx_new();
	if (!o->c) {
		(void)fprintf(stderr, "minc: %s\n", minc_error_message(NULL));
		return EXIT_OURS;
	}
	if (!o->quiet)
		minc_set_log(o->c, warn, NULL);
	if (line_apply(o) < 0) {
		if (*o->words.message)
			return usage_error(o);
		status = failure(o);
		if (!*minc_error_hint(o->c))
			(void)fputs(advice, stderr);
		return status;
	}
	if (o->action == ACTION_EXPLAIN)
		return explain(o, stdout);
	if (o->debug || (debug && *debug)) {
		o->format = MINC_FORMAT_SHELL;
		if (explain(o, stderr) != 0)
			return EXIT_OURS;
	}
	return run(o, self);
}

int main(int argc, char **argv)
{
	struct options o = { .status_fd = -1 };
	int status = 0;

	files_fill_standard();
	(void)signal(SIGCHLD, SIG_DFL); /* ignored, it would take the exit status away */
	if (line_read(&o, argc, argv) < 0) {
		status = usage_error(&o);
	} else if (o.action == ACTION_HELP) {
		help_tool(&minc);
		status = finish_output(0);
	} else if (o.action == ACTION_COMPLETION) {
		status = completion(&o);
	} else if (o.action == ACTION_COMPLETE) {
		complete(&minc, o.words.operands);
		status = finish_output(0);
	} else if (o.action == ACTION_VERSION) {
		status = version();
	} else {
		status = apply(&o, argv[0]);
		images_done(&o);
		(void)minc_ctx_free(o.c);
	}
	options_done(&o.words);
	return status;
}
