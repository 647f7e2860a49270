/* SPDX-License-Identifier: MIT */
/* spec - see spec.h. */
#include "plan/spec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <minc/container.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/io.h"
#include "base/name.h"
#include "base/str.h"

enum {
	HOSTNAME_MAX_BYTES = 64,
	FD_TARGET_MAX = 1023,
	FDS_MAX = 64,
	CPU_MASK_DIGITS = 256
};

void spec_init(struct spec *s, struct err *err)
{
	memset(s, 0, sizeof(*s));
	s->err = err;
	s->root = "/";
	s->umask = 022;
}

void spec_done(struct spec *s)
{
	arena_done(&s->arena);
	memset(s, 0, sizeof(*s));
}

static const char *origin(const struct spec *s, const char *call)
{
	return s->origin ? s->origin : call;
}

/* Record a refused argument: "ORIGIN: WHAT". */
static int refuse(struct spec *s, int r, const char *call, const char *what)
{
	if (s->sticky == 0) {
		s->sticky = r;
		err_clear(s->err);
	}
	(void)err_say(s->err, r, "%s: %s", origin(s, call), what);
	return r;
}

static int no_memory(struct spec *s)
{
	return refuse(s, -ENOMEM, "libminc", "out of memory");
}

/* Copy @text into @ret with the current origin; the tail of most setters. */
static int keep_text(struct spec *s, const char *call, const char *text, const char **ret,
		     const char **ret_origin)
{
	char *copy = arena_strdup(&s->arena, text);

	if (!copy)
		return no_memory(s);
	*ret = copy;
	if (ret_origin)
		*ret_origin = origin(s, call);
	return 0;
}

static int check_text(struct spec *s, const char *call, const char *text)
{
	if (!text || !*text)
		return refuse(s, -EINVAL, call, "empty value");
	if (!str_is_printable_utf8(text))
		return refuse(s, -EINVAL, call, "control character or invalid UTF-8");
	if (strlen(text) >= 4096)
		return refuse(s, -ENAMETOOLONG, call, "too long");
	return 0;
}

/* Others' file names may be in any encoding, or in none. */
int spec_check_path(struct spec *s, const char *call, const char *path)
{
	if (!path || !*path)
		return refuse(s, -EINVAL, call, "empty value");
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return refuse(s, -EINVAL, call, "control character");
	return strlen(path) >= 4096 ? refuse(s, -ENAMETOOLONG, call, "too long") : 0;
}

static bool has_dotdot(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p += 2)
		if ((p == path || p[-1] == '/') && (p[2] == '/' || p[2] == '\0'))
			return true;
	return false;
}

static bool has_long_name(const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n > 255)
			return true;
		path += n + (path[n] == '/');
	}
	return false;
}

int spec_check_inside(struct spec *s, const char *call, const char *path)
{
	int r = spec_check_path(s, call, path);

	if (r < 0)
		return r;
	if (*path != '/') {
		const char *what =
			arena_printf(&s->arena, "path inside is not absolute: %s", path);

		return what ? refuse(s, -EINVAL, call, what) : no_memory(s);
	}
	if (has_dotdot(path))
		return refuse(s, -EINVAL, call,
			      "path inside the container contains \"..\"");
	if (has_long_name(path))
		return refuse(s, -ENAMETOOLONG, call, "file name too long");
	return 0;
}

int spec_set_origin(struct spec *s, const char *text)
{
	if (!text) {
		s->origin = NULL;
		return 0;
	}
	s->origin = arena_strdup(&s->arena, text);
	return s->origin ? 0 : no_memory(s);
}

int spec_set_root(struct spec *s, const char *dir, unsigned flags)
{
	const unsigned known = MINC_ROOT_DIRECT | MINC_ROOT_RDONLY | MINC_ROOT_SUBMOUNTS |
			       MINC_ROOT_NOSUBMOUNTS;
	int r = spec_check_path(s, "minc_set_root", dir);

	if (r < 0)
		return r;
	if (flags & ~known)
		return refuse(s, -EINVAL, "minc_set_root", "unknown flag");
	if (flags & MINC_ROOT_SUBMOUNTS && flags & MINC_ROOT_NOSUBMOUNTS)
		return refuse(s, -EINVAL, "minc_set_root",
			      "submounts both shown and not");
	/* else only the flags are for the image, if there is one */
	if (strcmp(dir, "/") != 0)
		s->image = (struct spec_image){ .layers_len = 0 };
	r = keep_text(s, "minc_set_root", dir, &s->root, &s->root_origin);
	if (r == 0)
		s->root_flags = flags;
	return r;
}

int spec_set_storage(struct spec *s, const char *dir)
{
	int r = dir ? spec_check_path(s, "minc_set_storage", dir) : 0;

	if (r < 0)
		return r;
	s->keep = true;
	s->storage = NULL;
	s->storage_origin = origin(s, "minc_set_storage");
	return dir ? keep_text(s, "minc_set_storage", dir, &s->storage, NULL) : 0;
}

int spec_set_hostname(struct spec *s, const char *name)
{
	const char *call = "minc_set_hostname";
	int r = check_text(s, call, name);

	if (r < 0)
		return r;
	if (strlen(name) > HOSTNAME_MAX_BYTES)
		return refuse(s, -ENAMETOOLONG, call, "longer than 64 bytes");
	return keep_text(s, call, name, &s->hostname, &s->hostname_origin);
}

/* One half of UID:GID: a strict number below 2^32-1, or a name. */
static int check_id(struct spec *s, const char *id, size_t len)
{
	char part[64];
	uint64_t n;

	if (len == 0)
		return refuse(s, -EINVAL, "minc_set_user", "empty user or group");
	if (len >= sizeof(part))
		return refuse(s, -ENAMETOOLONG, "minc_set_user",
			      "user or group too long");
	memcpy(part, id, len);
	part[len] = '\0';
	if (strchr("0123456789+-", part[0])) {
		if (!str_is_number(part))
			return refuse(s, -EINVAL, "minc_set_user",
				      "not a number and not a name");
		if (str_to_u64(part, UINT32_MAX - 1, &n) < 0)
			return refuse(s, -EINVAL, "minc_set_user", "id above 4294967294");
	}
	return 0;
}

int spec_set_name(struct spec *s, const char *name)
{
	const char *why;
	int r = name_check_container(name, &why);

	return r < 0 ? refuse(s, r, "minc_set_name", why)
		     : keep_text(s, "minc_set_name", name, &s->name, &s->name_origin);
}

int spec_set_id(struct spec *s, const char *id)
{
	if (id && !str_is_hex(id, 64))
		return refuse(s, -EINVAL, "minc_set_id",
			      "an id has 64 hexadecimal digits");
	s->id = NULL;
	return id ? keep_text(s, "minc_set_id", id, &s->id, NULL) : 0;
}

int spec_set_log_size(struct spec *s, uint64_t bytes)
{
	if (bytes < 4096)
		return refuse(s, -EINVAL, "minc_set_log_size", "below 4096 bytes");
	s->log_bytes = bytes;
	return 0;
}

int spec_set_user(struct spec *s, const char *user)
{
	const char *colon;
	int r = check_text(s, "minc_set_user", user);

	if (r < 0)
		return r;
	colon = strchr(user, ':');
	/* "UID:" and ":GID" say one half, but something must be said */
	if (colon != user || !colon[1])
		r = check_id(s, user, colon ? (size_t)(colon - user) : strlen(user));
	if (r == 0 && colon && colon[1])
		r = strchr(colon + 1, ':')
			    ? refuse(s, -EINVAL, "minc_set_user", "more than one ':'")
			    : check_id(s, colon + 1, strlen(colon + 1));
	return r < 0 ? r : keep_text(s, "minc_set_user", user, &s->user, &s->user_origin);
}

int spec_add_env(struct spec *s, const char *name, const char *value)
{
	struct spec_env **e = &s->env;
	const char *name_copy = NULL, *value_copy = NULL;
	int r = check_text(s, "minc_add_env", name);

	if (r < 0)
		return r;
	if (strchr(name, '='))
		return refuse(s, -EINVAL, "minc_add_env", "'=' in the name");
	r = keep_text(s, "minc_add_env", name, &name_copy, NULL);
	if (r == 0 && value)
		r = keep_text(s, "minc_add_env", value, &value_copy, NULL);
	if (r < 0)
		return r;
	while (*e && strcmp((*e)->name, name) != 0)
		e = &(*e)->next;
	if (!*e)
		*e = arena_new(&s->arena, struct spec_env);
	if (!*e)
		return no_memory(s);
	(*e)->name = name_copy;
	(*e)->value = value_copy;
	return 0;
}

/*
 * Of hosts(5), or docker's word for the machine: with its network that is the loopback
 * interface.
 */
static const char *check_address(char *text)
{
	unsigned char binary[sizeof(struct in6_addr)];
	const size_t len = strlen(text);

	if (str_equal(text, "host-gateway"))
		return "127.0.0.1";
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text[len - 1] = '\0';
		text++;
	}
	return inet_pton(AF_INET, text, binary) == 1 ||
			       inet_pton(AF_INET6, text, binary) == 1
		       ? text
		       : NULL;
}

enum { HOST_NAME_LEN = 253 }; /* of a name in the DNS, RFC 1035 */

int spec_add_host(struct spec *s, const char *name_address)
{
	static const char call[] = "minc_add_host",
			  fit[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789-._";
	struct spec_name **end = &s->names, *n;
	int r = check_text(s, call, name_address);
	const char *address;
	size_t len;
	char *text;

	if (r < 0)
		return r;
	len = strspn(name_address, fit);
	if (len == 0 || (name_address[len] != ':' && name_address[len] != '='))
		return refuse(s, -EINVAL, call, "not NAME:ADDRESS");
	if (len > HOST_NAME_LEN)
		return refuse(s, -ENAMETOOLONG, call, "a name longer than 253 bytes");
	n = arena_new(&s->arena, struct spec_name);
	text = arena_strdup(&s->arena, name_address);
	if (!n || !text)
		return no_memory(s);
	text[len] = '\0';
	address = check_address(text + len + 1);
	if (!address)
		return refuse(s, -EINVAL, call, "not an address of IPv4 or IPv6");
	while (*end)
		end = &(*end)->next;
	*n = (struct spec_name){ .name = text,
				 .address = address,
				 .gateway = str_equal(name_address + len + 1,
						      "host-gateway"),
				 .origin = origin(s, call) };
	*end = n;
	return 0;
}

int spec_set_cwd(struct spec *s, const char *dir)
{
	int r = spec_check_inside(s, "minc_set_cwd", dir);

	return r < 0 ? r : keep_text(s, "minc_set_cwd", dir, &s->cwd, &s->cwd_origin);
}

/* The caller's own, from its status: asking umask(2) would change it for all threads. */
static int callers_umask(unsigned *ret)
{
	cleanup_free char *text = NULL;
	const char *line;
	int r = io_read_file(AT_FDCWD, "/proc/thread-self/status", 16384, &text, NULL);

	line = r < 0 ? NULL : strstr(text, "\nUmask:");
	if (!line)
		return r < 0 ? r : -ENOSYS;
	*ret = (unsigned)strtoul(line + strlen("\nUmask:"), NULL, 8) & 0777;
	return 0;
}

int spec_set_umask(struct spec *s, int mask)
{
	const char *call = "minc_set_umask";
	int r;

	if (mask < -1 || mask > 0777)
		return refuse(s, -EINVAL, call, "not -1, or 0 to 0777");
	s->umask_given = true;
	if (mask >= 0) {
		s->umask = (unsigned)mask;
		return 0;
	}
	r = callers_umask(&s->umask);
	return r < 0 ? refuse(s, r, call,
			      "the caller's umask is not known: /proc/thread-self/status")
		     : 0;
}

int spec_change_caps(struct spec *s, bool add, const char *names)
{
	const char *call = add ? "minc_add_cap" : "minc_drop_cap", *copy = NULL;
	struct spec_cap **tail = &s->caps;
	int r = check_text(s, call, names);

	if (r == 0)
		r = keep_text(s, call, names, &copy, NULL);
	if (r < 0)
		return r;
	while (*tail)
		tail = &(*tail)->next;
	*tail = arena_new(&s->arena, struct spec_cap);
	if (!*tail)
		return no_memory(s);
	(*tail)->add = add;
	(*tail)->names = copy;
	(*tail)->origin = origin(s, call);
	return 0;
}

int spec_set_seccomp(struct spec *s, const char *profile)
{
	int r = check_text(s, "minc_set_seccomp", profile);

	if (r < 0)
		return r;
	return keep_text(s, "minc_set_seccomp", profile, &s->seccomp, &s->seccomp_origin);
}

int spec_set_network(struct spec *s, const char *mode)
{
	const char *call = "minc_set_network", *name = NULL;
	int r = check_text(s, call, mode);

	if (r < 0)
		return r;
	if (str_starts_with(mode, "raw,")) {
		name = mode + 4;
		if (!*name || strlen(name) >= IF_NAMESIZE || strpbrk(name, "/: ") ||
		    !strcmp(name, ".") || !strcmp(name, ".."))
			return refuse(s, -EINVAL, call, "not an interface name");
		r = keep_text(s, call, name, &name, NULL);
		if (r < 0)
			return r;
	} else if (strcmp(mode, "host") != 0 && strcmp(mode, "none") != 0 &&
		   strcmp(mode, "raw") != 0) {
		return refuse(s, -EINVAL, call,
			      "unknown network mode (host, none, raw[,IF])");
	}
	s->net = strcmp(mode, "host") == 0 ? SPEC_NET_HOST : SPEC_NET_OWN;
	s->net_if = name;
	s->net_origin = origin(s, call);
	return 0;
}

int spec_set_userns(struct spec *s, const char *mode)
{
	static const char *const modes[] = {
		[SPEC_USERNS_AUTO] = "auto",
		[SPEC_USERNS_HOST] = "host",
		[SPEC_USERNS_SINGLE] = "single",
		[SPEC_USERNS_RANGE] = "range",
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (str_equal(mode, modes[i])) {
			s->userns = (enum spec_userns)i;
			s->userns_origin = origin(s, "minc_set_userns");
			return 0;
		}
	}
	return refuse(s, -EINVAL, "minc_set_userns",
		      "unknown mode (auto, host, single, range)");
}

static int hex_digit(char c)
{
	const char digits[] = "0123456789abcdef", *p = strchr(digits, c | 0x20);

	return c && p && *p ? (int)(p - digits) : c >= '0' && c <= '9' ? c - '0' : -1;
}

int spec_set_cpus(struct spec *s, const char *mask)
{
	const char *call = "minc_set_cpus", *digits = mask;
	uint64_t cpus[16] = { 0 }, any = 0;
	size_t len;
	int r = check_text(s, call, mask);

	if (r < 0)
		return r;
	if (str_starts_with(mask, "0x") || str_starts_with(mask, "0X"))
		digits += 2;
	len = strlen(digits);
	if (len > CPU_MASK_DIGITS)
		return refuse(s, -ERANGE, call, "beyond 1024 CPUs");
	for (size_t i = 0; i < len; i++) {
		int d = hex_digit(digits[len - 1 - i]);

		if (d < 0)
			return refuse(s, -EINVAL, call, "not a hexadecimal CPU mask");
		cpus[i / 16] |= (uint64_t)d << (i % 16 * 4);
		any |= (uint64_t)d;
	}
	if (!any)
		return refuse(s, -EINVAL, call, "CPU mask without a CPU");
	memcpy(s->cpus, cpus, sizeof(cpus));
	s->cpus_origin = origin(s, call);
	return 0;
}

static bool is_open(int fd)
{
	return fd >= 0 && fcntl(fd, F_GETFD) >= 0;
}

/* As refuse(), with @number before @what. */
static int refuse_number(struct spec *s, int r, const char *call, int number,
			 const char *what)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%d: %s", number, what);
	return refuse(s, r, call, text);
}

/* Where @target is, or would come, in the list; @ret_len: entries before it. */
static struct spec_fd **find_fd(struct spec *s, int target, size_t *ret_len)
{
	struct spec_fd **at = &s->fds;

	for (*ret_len = 0; *at && (*at)->target != target; at = &(*at)->next)
		++*ret_len;
	return at;
}

static int add_fd(struct spec *s, const char *call, int fd, int target,
		  struct spec_fd **at, size_t len)
{
	if (len >= FDS_MAX)
		return refuse(s, -EMFILE, call, "more than 64 descriptors");
	*at = arena_new(&s->arena, struct spec_fd);
	if (!*at)
		return no_memory(s);
	(*at)->fd = fd;
	(*at)->target = target;
	return 0;
}

int spec_pass_fd(struct spec *s, int fd, int target)
{
	static const char call[] = "minc_pass_fd";
	struct spec_fd **at;
	size_t len;

	if (target < 0 || target > FD_TARGET_MAX)
		return refuse_number(s, -EINVAL, call, target, "target is not 0 to 1023");
	if (!is_open(fd))
		return refuse_number(s, -EBADF, call, fd, "descriptor is not open");
	at = find_fd(s, target, &len);
	if (*at)
		return refuse_number(s, -EINVAL, call, target, "target used twice");
	return add_fd(s, call, fd, target, at, len);
}

int spec_set_stdio(struct spec *s, const int fds[3])
{
	static const char call[] = "minc_set_stdio";
	int r = 0;

	for (int i = 0; i < 3; i++)
		if (fds[i] != -1 && !is_open(fds[i]))
			return refuse_number(s, -EBADF, call, fds[i],
					     "descriptor is not open");
	for (int i = 0; i < 3 && r == 0; i++) {
		size_t len;
		struct spec_fd **at = find_fd(s, i, &len);

		if (*at && fds[i] == -1)
			*at = (*at)->next;
		else if (*at)
			(*at)->fd = fds[i];
		else if (fds[i] != -1)
			r = add_fd(s, call, fds[i], i, at, len);
	}
	return r;
}

const struct spec_fd *spec_closed_fd(const struct spec *s)
{
	const struct spec_fd *i = s->fds;

	while (i && is_open(i->fd))
		i = i->next;
	return i;
}

void spec_clear_failure(struct spec *s)
{
	s->sticky = 0;
	err_clear(s->err);
}

int spec_set_flag(struct spec *s, unsigned flag, int on)
{
	if (flag < MINC_PRIVILEGED || flag > MINC_KEEP_SIGNALS)
		return refuse(s, -EINVAL, "minc_set_flag", "unknown flag");
	if (on != 0 && on != 1)
		return refuse(s, -EINVAL, "minc_set_flag", "value is not 0 or 1");
	s->flags = on ? s->flags | 1u << flag : s->flags & ~(1u << flag);
	s->flag_origin[flag] = origin(s, "minc_set_flag");
	return 0;
}

int spec_set_argv(struct spec *s, const char *const *argv)
{
	s->argv = arena_strv(&s->arena, argv);
	return s->argv ? 0 : no_memory(s);
}

void spec_begin(struct spec *s)
{
	if (s->sticky == 0)
		err_clear(s->err);
}

int spec_stick(struct spec *s, int r)
{
	if (r < 0 && s->sticky == 0)
		s->sticky = r;
	return r;
}

int spec_refuse(struct spec *s, int r, const char *call, const char *what)
{
	return r == -ENOMEM ? no_memory(s) : refuse(s, r, call, what);
}

int spec_check_text(struct spec *s, const char *call, const char *text)
{
	return check_text(s, call, text);
}

int spec_keep_text(struct spec *s, const char *call, const char *text, const char **ret,
		   const char **ret_origin)
{
	return keep_text(s, call, text, ret, ret_origin);
}
