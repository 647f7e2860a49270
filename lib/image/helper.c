/* SPDX-License-Identifier: MIT */
/*
 * helper - the programs docker-credential-NAME: a verb as argument, text on stdin, JSON on
 * stdout. No shell is between, and what they say has bounds. See docker-credential-helpers.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/json-text.h"
#include "image/auth.h"
#include "image/http.h"

extern char **environ;

enum { NAME_BYTES = 64 };

/* It becomes part of a program's name: no directory, no option. */
static bool is_name(const char *name)
{
	size_t n = strspn(
		name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return n > 0 && n <= NAME_BYTES && !name[n] && name[0] != '.' && name[0] != '-';
}

/* A file, not a pipe: a helper that does not read cannot block us. */
static int as_input(const char *text)
{
	cleanup_close int fd = memfd_create("credential", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = io_write_all(fd, text, strlen(text));
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? r : take_fd(&fd);
}

static int spawn(const char *program, const char *verb, int in, int out, pid_t *ret)
{
	char *argv[] = { (char *)program, (char *)verb, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, defaults;
	int r;

	(void)sigemptyset(&none);
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return -r;
	r = posix_spawnattr_init(&attributes);
	if (r == 0) {
		posix_spawnattr_setsigmask(&attributes, &none);
		posix_spawnattr_setsigdefault(&attributes, &defaults);
		posix_spawnattr_setflags(&attributes,
					 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
		r = posix_spawn_file_actions_adddup2(&actions, in, 0);
		if (r == 0)
			r = posix_spawn_file_actions_adddup2(&actions, out, 1);
		if (r == 0)
			r = posix_spawnp(ret, program, &actions, &attributes, argv,
					 environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Its status as a shell has it; 0 where a caller that ignores SIGCHLD lets nobody know. */
static int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Status or -errno; what it printed in *ret. */
static int run(const char *program, const char *verb, const char *input, char **ret)
{
	cleanup_close int in = as_input(input), out = -EBADF, end = -EBADF;
	size_t len = 0;
	int pipe[2], r;
	pid_t pid = -1;

	if (in < 0)
		return in;
	if (pipe2(pipe, O_CLOEXEC) < 0)
		return -errno;
	out = pipe[0];
	/* dup2 onto itself would leave it CLOEXEC: both are above stdio. */
	end = fd_move_up(pipe[1], 3);
	in = fd_move_up(take_fd(&in), 3);
	if (end < 0 || in < 0)
		return end < 0 ? end : in;
	r = spawn(program, verb, in, end, &pid);
	if (r < 0)
		return r;
	fd_closep(&end);
	r = io_read_all(out, AUTH_TEXT_MAX, ret, &len);
	fd_closep(&out); /* one that goes on printing gets SIGPIPE */
	if (r < 0) {
		(void)reap(pid); /* @r says more */
		return r;
	}
	return reap(pid);
}

/* Run it, and say what went wrong. 0, or -ENOENT: it has none. */
static int ask(struct err *e, const char *name, const char *verb, const char *input,
	       char **ret)
{
	char program[32 + NAME_BYTES], said[200];
	cleanup_free char *text = NULL;
	int r;

	if (!is_name(name)) {
		http_printable(name, strlen(name), said, sizeof(said));
		return err_say(e, -EINVAL, "credential helper '%s': not a name", said);
	}
	snprintf(program, sizeof(program), "docker-credential-%s", name);
	r = run(program, verb, input, &text);
	if (r == 0) {
		*ret = take_ptr(&text);
		return 0;
	}
	if (r == -ENOENT) /* -ENOENT would mean that it has none */
		return err_say(e, -ENOEXEC, "%s: there is no such program", program);
	if (r < 0)
		return err_set(e, r, "%s %s", program, verb);
	if (text && strstr(text, "credentials not found"))
		return -ENOENT;
	http_printable(text ? text : "", text ? strcspn(text, "\n") : 0, said,
		       sizeof(said));
	return err_say(e, -EACCES, "%s %s: %s (status %d)", program, verb,
		       *said ? said : "it failed", r);
}

int helper_parse(struct arena *a, const char *text, size_t len, struct credentials *ret)
{
	const char *user, *secret;
	json_t *answer = NULL;
	int r = json_text_read(text, len, &answer, NULL);

	if (r < 0)
		return r;
	r = -EBADMSG;
	user = json_string_value(json_object_get(answer, "Username"));
	secret = json_string_value(json_object_get(answer, "Secret"));
	if (user && secret && !strchr(user, ':')) {
		struct credentials c = { 0 };
		char *copy = arena_strdup(a, secret);

		if (strcmp(user, "<token>") == 0) {
			c.identity = copy;
		} else {
			c.user = arena_strdup(a, user);
			c.password = copy;
		}
		r = copy && (c.identity || c.user) ? 0 : -ENOMEM;
		if (r == 0)
			*ret = c;
	}
	json_decref(answer);
	return r;
}

int helper_get(struct arena *a, struct err *e, const char *name, const char *server,
	       struct credentials *ret)
{
	cleanup_free char *text = NULL;
	int r = ask(e, name, "get", server, &text);

	if (r < 0 || !text)
		return r == -ENOENT ? 0 : r;
	r = helper_parse(a, text, strlen(text), ret);
	explicit_bzero(text, strlen(text));
	if (r == 0)
		ret->where = arena_printf(a, "docker-credential-%s", name);
	return r < 0 ? err_set(e, r, "docker-credential-%s get", name) : 0;
}

static char *as_request(const char *server, const char *user, const char *password)
{
	json_t *request = json_pack("{s:s, s:s, s:s}", "ServerURL", server, "Username",
				    user, "Secret", password);
	char *text = NULL;

	if (request)
		(void)json_text_write(request, JSON_COMPACT, &text, NULL); /* or there is none */
	json_decref(request);
	return text;
}

int helper_store(struct err *e, const char *name, const char *server, const char *user,
		 const char *password)
{
	cleanup_free char *text = NULL;
	char *input = as_request(server, user, password);
	int r;

	if (!input)
		return err_set(e, -ENOMEM, "docker-credential-%s store", name);
	r = ask(e, name, "store", input, &text);
	explicit_bzero(input, strlen(input));
	free(input);
	return r;
}

int helper_erase(struct err *e, const char *name, const char *server)
{
	cleanup_free char *text = NULL;

	return ask(e, name, "erase", server, &text);
}
