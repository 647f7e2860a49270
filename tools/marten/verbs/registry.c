/* SPDX-License-Identifier: MIT */
/* registry - pull, push, login, logout. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "marten/call.h"
#include "marten/transfer.h"
#include "marten/values.h"

struct registry_values {
	struct budget budget;
	bool quiet, insecure, insecure_policy, from_stdin;
	const char *platform, *creds, *authfile, *cert_dir, *policy, *sign, *realm, *user,
		*password;
};

enum { SECRET_MAX = 16 * 1024 };
static const char docker_hub[] = "docker.io";

static void set_registry(struct transfer *x, const struct registry_values *o)
{
	transfer_text(x, MINC_TRANSFER_PLATFORM, o->platform);
	transfer_text(x, MINC_TRANSFER_USER, o->creds);
	transfer_text(x, MINC_TRANSFER_AUTHFILE, o->authfile);
	transfer_text(x, MINC_TRANSFER_CERT_DIR, o->cert_dir);
	transfer_text(x, MINC_TRANSFER_REALM, o->realm);
	transfer_text(x, MINC_TRANSFER_POLICY, o->policy);
	transfer_text(x, MINC_TRANSFER_SIGN_KEY, o->sign);
	transfer_budget(x, &o->budget);
	if (o->insecure)
		transfer_number(x, MINC_TRANSFER_INSECURE, 1);
}

static int pull_one(struct call *call, const char *name, const struct registry_values *o,
		    minc_image_fn fn)
{
	struct transfer x;
	int r = 0;

	if (transfer_begin(&x, call, o->quiet)) {
		set_registry(&x, o);
		if (!x.failed)
			r = minc_pull(x.t, name, fn, &x);
	}
	return transfer_end(&x, r);
}

int pull_image(struct call *call, const char *name, const char *platform, bool quiet)
{
	const struct registry_values o = { .platform = platform, .quiet = quiet };

	return pull_one(call, name, &o, NULL);
}

static int run_pull(struct call *call)
{
	const struct registry_values *o = call->values;
	int status = 0, i;

	if (!transfer_policy(call, o->insecure_policy))
		return EXIT_OURS;
	for (i = 0; i < call->count; i++) {
		int r = pull_one(call, call->operands[i], call->values, transfer_say_id);

		if (r)
			status = r;
		if (progress_cancelled())
			break;
	}
	return status;
}

static int run_push(struct call *call)
{
	const struct registry_values *o = call->values;
	struct transfer x;
	int r = 0;

	if (transfer_begin(&x, call, o->quiet)) {
		set_registry(&x, o);
		if (!x.failed)
			r = minc_push(x.t, call->operands[0], call->operands[1]);
	}
	return transfer_end(&x, r);
}

/* One line of @fd without its end; false if there is none, or it is too long. */
static bool read_line(int fd, char *ret, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	while (len + 1 < size && (n = read(fd, ret + len, 1)) == 1 && ret[len] != '\n')
		len++;
	if (n < 0 || len + 1 == size)
		return false;
	if (len > 0 && ret[len - 1] == '\r')
		len--;
	ret[len] = '\0';
	return len > 0;
}

/* Ask at the terminal, which shows what is typed only if it is no secret. */
static bool ask(const char *question, bool secret, char *ret, size_t size)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios modes, silent;
	bool done;

	if (fd < 0 || tcgetattr(fd, &modes) < 0) {
		if (fd >= 0)
			(void)close(fd); /* nothing was written */
		return false;
	}
	silent = modes;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	(void)dprintf(fd, "%s: ", question);
	if (secret)
		(void)tcsetattr(fd, TCSAFLUSH, &silent); /* it was a terminal just now */
	done = read_line(fd, ret, size);
	if (secret) {
		(void)tcsetattr(fd, TCSAFLUSH, &modes);
		(void)dprintf(fd, "\n");
	}
	(void)close(fd); /* what it shows does not matter any more */
	return done;
}

/* Pointers to the user and the password, from options, standard input or the terminal. */
static int find_secret(struct call *call, char user[256], char secret[SECRET_MAX])
{
	const struct registry_values *o = call->values;

	if (o->password && o->from_stdin)
		return fail_usage(call, "--password, --password-stdin: only one of them");
	if (o->from_stdin && !o->user)
		return fail_usage(call, "--password-stdin: needs --username");
	if (o->user)
		(void)snprintf(user, 256, "%s", o->user);
	else if (!ask("Username", false, user, 256))
		return fail_usage(call,
				  "login: no terminal to ask at: -u USER is needed");
	if (o->password)
		(void)snprintf(secret, SECRET_MAX, "%s", o->password);
	else if (o->from_stdin && !read_line(STDIN_FILENO, secret, SECRET_MAX))
		return fail_say("--password-stdin: no password");
	else if (!o->from_stdin && !ask("Password", true, secret, SECRET_MAX))
		return fail_usage(call, "login: no password; --password-stdin reads one");
	return 0;
}

static int run_login(struct call *call)
{
	const char *registry = call->operands[0] ? call->operands[0] : docker_hub;
	char user[256], secret[SECRET_MAX];
	struct transfer x;
	int r = 0, status = find_secret(call, user, secret);

	if (status)
		return status;
	if (transfer_begin(&x, call, true)) {
		set_registry(&x, call->values);
		if (!x.failed)
			r = minc_login(x.t, registry, user, secret);
	}
	explicit_bzero(secret, sizeof(secret));
	status = transfer_end(&x, r);
	if (status == 0)
		(void)puts("Login Succeeded");
	return status;
}

static int run_logout(struct call *call)
{
	const char *registry = call->operands[0] ? call->operands[0] : docker_hub;
	struct transfer x;
	int r = 0;

	if (transfer_begin(&x, call, true)) {
		set_registry(&x, call->values);
		if (!x.failed)
			r = minc_logout(x.t, registry);
	}
	return transfer_end(&x, r);
}

/* "--tls-verify=false"; docker's way, with "true" it is as without. */
static const char *read_tls(void *into, const char *value)
{
	*(bool *)into = strcmp(value, "false") == 0 || strcmp(value, "0") == 0;
	return *(bool *)into || strcmp(value, "true") == 0 || strcmp(value, "1") == 0
		       ? NULL
		       : "neither true nor false";
}

// clang-format off
#define AT(field) offsetof(struct registry_values, field)
#define OPTIONS_CONNECTION \
	{ "--tls-verify", "true|false", "false: plain HTTP, or any certificate", \
	  .offset = AT(insecure), .read = read_tls }, \
	{ "--cert-dir", "DIR", "With ca.crt, client.cert and client.key", \
	  .offset = AT(cert_dir) }, \
	{ "--authfile", "FILE", "Credentials, instead of the usual files", \
	  .offset = AT(authfile) }, \
	{ "--token-realm", "HOST[:PORT]", "A server that may see the credentials, too", \
	  .offset = AT(realm) }
#define OPTIONS_TRANSFER \
	{ "--creds", "USER:PASSWORD", "Instead of what login has kept", .offset = AT(creds) }, \
	OPTION_NO_PROGRESS(struct registry_values)
static const struct option pull_options[] = {
	{ "--platform", "OS/ARCH[/VARIANT]", "Instead of this machine's", .offset = AT(platform) },
	{ "--policy", "FILE", "Which names need which signature", .offset = AT(policy) },
	OPTION_INSECURE_POLICY(struct registry_values),
	OPTIONS_BUDGET(struct registry_values, budget),
	OPTIONS_CONNECTION, OPTIONS_TRANSFER,
	{ .names = NULL }
};
static const struct option push_options[] = {
	{ "--sign-by", "KEY", "Sign it with this private key", .offset = AT(sign) },
	OPTIONS_CONNECTION, OPTIONS_TRANSFER,
	{ .names = NULL }
};
static const struct option login_options[] = {
	{ "-u --username", "USER", "Instead of asking", .offset = AT(user) },
	{ "-p --password", "PASSWORD", "Others can see it; better:", .offset = AT(password) },
	{ "--password-stdin", NULL, "Read it from standard input", .offset = AT(from_stdin) },
	OPTIONS_CONNECTION,
	{ .names = NULL }
};
static const struct option logout_options[] = {
	{ "--authfile", "FILE", "Credentials, instead of the usual files", .offset = AT(authfile) },
	{ .names = NULL }
};
const struct verb registry_verbs[] = {
	{ .names = "pull", .operands = "NAME...", .least = 1, .most = -1,
	  .help = "Get images from a registry", .options = pull_options, .run = run_pull },
	{ .names = "push", .operands = "IMAGE [NAME]", .least = 1, .most = 2,
	  .help = "Copy an image to a registry", .options = push_options, .run = run_push },
	{ .names = "login", .operands = "[REGISTRY]", .most = 1,
	  .help = "Keep credentials for a registry", .options = login_options,
	  .run = run_login },
	{ .names = "logout", .operands = "[REGISTRY]", .most = 1,
	  .help = "Forget them", .options = logout_options, .run = run_logout },
	{ .names = NULL }
};
// clang-format on
