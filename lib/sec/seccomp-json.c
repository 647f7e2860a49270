/* SPDX-License-Identifier: MIT */
/*
 * seccomp-json - a seccomp profile from a file, in the form of containers-common
 * (seccomp.json(5), also podman's and docker's --security-opt seccomp=). libseccomp makes
 * the program, so rules combine as they do for the other runtimes.
 *
 * The file is a security policy, so what is not understood is an error that names it.
 * Only system calls that libseccomp does not know are passed over, as everywhere:
 * profiles name those of many kernels and architectures. SCMP_ACT_NOTIFY is refused,
 * because there is nobody to be notified.
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/fd.h"
#include "base/io.h"
#include "sec/seccomp-module.h"
#include "sec/seccomp-words.h"
#include "json/json.h"

enum { PROFILE_SIZE_MAX = 4 << 20 };

__attribute__((visibility("default"))) seccomp_from_file_fn seccomp_from_file;

struct reader {
	const char *path;
	struct err *e;
	scmp_filter_ctx filter;
	uint64_t caps;
	unsigned kernel;
	const char *machine; /* as the profile's "arches" name it */
	uint32_t action;     /* the default one */
};

/* "seccomp profile FILE: WHAT WORD" */
static int wrong(const struct reader *r, const char *what, const char *word)
{
	return err_say(r->e, -EINVAL, "seccomp profile %s: %s %.64s", r->path, what,
		       word);
}

static int find_word(const struct reader *r, const struct word *words, const char *what,
		     const json_t *value, uint32_t *ret)
{
	const char *name = json_string_value(value);

	if (!name)
		return wrong(r, "not a string:", what);
	for (; words->name; words++) {
		if (!strcmp(words->name, name)) {
			*ret = words->value;
			return 0;
		}
	}
	return wrong(r, what, name);
}

/* Only keys of the NULL-terminated list @known, in an object. */
static int check_keys(const struct reader *r, json_t *object, const char *where,
		      const char *const *known)
{
	const char *key;

	if (!json_is_object(object))
		return wrong(r, "not an object:", where);
	key = json_unknown(object, known);
	return key ? wrong(r, "unknown field", key) : 0;
}

/* The array @key of @object; none and null are empty. */
static int get_array(const struct reader *r, json_t *object, const char *key,
		     json_t **ret)
{
	json_t *value = json_object_get(object, key);

	if (value && !json_is_array(value) && !json_is_null(value))
		return wrong(r, "not an array:", key);
	*ret = json_is_array(value) ? value : NULL;
	return 0;
}

static int get_number(const struct reader *r, json_t *object, const char *key,
		      uint64_t max, uint64_t *ret)
{
	json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return 0;
	return json_is_whole(value, max, ret) ? 1
					      : wrong(r, "not a number in range:", key);
}

/* The action @key of @object with its error number. */
static int get_action(const struct reader *r, json_t *object, const char *key,
		      const char *number_key, const char *name_key, uint32_t *ret)
{
	json_t *name = json_object_get(object, name_key);
	uint64_t number = EPERM;
	uint32_t action = 0, named = EPERM;
	int found, ret_;

	if (!json_object_get(object, key))
		return wrong(r, "missing field", key);
	ret_ = find_word(r, words_actions, "unknown action", json_object_get(object, key),
			 &action);
	if (ret_ < 0)
		return ret_;
	found = get_number(r, object, number_key, 4095, &number);
	if (found < 0)
		return found;
	if (name && !json_is_null(name) && !found) {
		ret_ = find_word(r, words_errors, "unknown error", name, &named);
		if (ret_ < 0)
			return ret_;
		number = named;
	}
	if (action == SCMP_ACT_ERRNO(0))
		action = SCMP_ACT_ERRNO(number);
	else if (action == SCMP_ACT_TRACE(0))
		action = SCMP_ACT_TRACE(number);
	*ret = action;
	return 0;
}

static int add_architecture(const struct reader *r, const json_t *name)
{
	uint32_t arch = 0;
	int ret = find_word(r, words_architectures, "unknown architecture", name, &arch);

	if (ret < 0)
		return ret;
	ret = seccomp_arch_add(r->filter, arch);
	if (ret == -EEXIST)
		return 0;
	return ret < 0 ? wrong(r, "impossible here: architecture",
			       json_string_value(name))
		       : 0;
}

static int add_architectures(const struct reader *r, json_t *list)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < json_array_size(list); i++)
		ret = add_architecture(r, json_array_get(list, i));
	return ret;
}

/* The entry for this machine says which others its kernel also runs. */
static int add_mapped(const struct reader *r, json_t *map)
{
	static const char *const keys[] = { "architecture", "subArchitectures", NULL };

	for (size_t i = 0; i < json_array_size(map); i++) {
		json_t *entry = json_array_get(map, i), *others = NULL;
		uint32_t arch = 0;
		int ret = check_keys(r, entry, "archMap", keys);

		if (ret == 0)
			ret = find_word(r, words_architectures, "unknown architecture",
					json_object_get(entry, "architecture"), &arch);
		if (ret == 0)
			ret = get_array(r, entry, "subArchitectures", &others);
		if (ret == 0 && arch == seccomp_arch_native())
			ret = add_architectures(r, others);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* "CAP_X" in the command's set: 1 or 0; -EINVAL for what is no capability's name. */
static int has_cap(const struct reader *r, const json_t *value)
{
	const char *name = json_string_value(value);

	if (!name)
		return wrong(r, "not a string in", "caps");
	for (int i = 0; words_caps[i]; i++)
		if (!strncasecmp(name, "CAP_", 4) && !strcasecmp(name + 4, words_caps[i]))
			return r->caps >> i & 1;
	return wrong(r, "unknown capability", name);
}

static int has_machine(const struct reader *r, const json_t *value)
{
	const char *name = json_string_value(value);

	if (!name)
		return wrong(r, "not a string in", "arches");
	return !strcmp(name, r->machine);
}

/* "minKernel": 1 if the kernel is at least that, or if nothing is said and @missing. */
static int has_kernel(const struct reader *r, json_t *filter, int missing)
{
	json_t *value = json_object_get(filter, "minKernel");
	unsigned major, minor;
	char rest;

	if (!value || json_is_null(value))
		return missing;
	if (!json_is_string(value) ||
	    sscanf(json_string_value(value), "%5u.%5u%c", &major, &minor, &rest) != 2)
		return wrong(r, "not a kernel version:", "minKernel");
	return r->kernel >= (major << 16 | minor);
}

typedef int test_fn(const struct reader *r, const json_t *value);

/*
 * How many values of the array @key of @filter pass @test; @ret_len: how many there are.
 */
static int count_matches(const struct reader *r, json_t *filter, const char *key,
			 test_fn *test, size_t *ret_len)
{
	json_t *list = NULL;
	int matches = 0, ret = get_array(r, filter, key, &list);

	*ret_len = json_array_size(list);
	for (size_t i = 0; ret >= 0 && i < *ret_len; i++) {
		ret = test(r, json_array_get(list, i));
		matches += ret > 0;
	}
	return ret < 0 ? ret : matches;
}

/* "includes": all capabilities, one of the architectures, the kernel. */
static int is_included(const struct reader *r, json_t *filter)
{
	size_t caps_len, arches_len;
	int caps, arches, kernel;

	caps = count_matches(r, filter, "caps", has_cap, &caps_len);
	if (caps < 0)
		return caps;
	arches = count_matches(r, filter, "arches", has_machine, &arches_len);
	if (arches < 0)
		return arches;
	kernel = has_kernel(r, filter, 1);
	if (kernel < 0)
		return kernel;
	return (size_t)caps == caps_len && (arches > 0 || !arches_len) && kernel;
}

/* "excludes": any of them is enough. */
static int is_excluded(const struct reader *r, json_t *filter)
{
	size_t len;
	int caps, arches, kernel;

	caps = count_matches(r, filter, "caps", has_cap, &len);
	if (caps < 0)
		return caps;
	arches = count_matches(r, filter, "arches", has_machine, &len);
	if (arches < 0)
		return arches;
	kernel = has_kernel(r, filter, 0);
	if (kernel < 0)
		return kernel;
	return caps > 0 || arches > 0 || kernel;
}

/* 1 if the entry counts for this command on this machine. */
static int entry_counts(const struct reader *r, json_t *entry)
{
	static const char *const keys[] = { "arches", "caps", "minKernel", NULL };
	json_t *includes = json_object_get(entry, "includes");
	json_t *excludes = json_object_get(entry, "excludes");
	int ret = 1;

	if (includes && !json_is_null(includes)) {
		ret = check_keys(r, includes, "includes", keys);
		ret = ret < 0 ? ret : is_included(r, includes);
	}
	if (ret > 0 && excludes && !json_is_null(excludes)) {
		ret = check_keys(r, excludes, "excludes", keys);
		ret = ret < 0 ? ret : is_excluded(r, excludes);
		ret = ret < 0 ? ret : !ret;
	}
	return ret;
}

static int read_arg(const struct reader *r, json_t *arg, struct scmp_arg_cmp *ret)
{
	static const char *const keys[] = { "index", "op", "value", "valueTwo", NULL };
	uint64_t index = 0, value = 0, second = 0;
	uint32_t op = 0;
	int found = check_keys(r, arg, "args", keys);

	if (found >= 0)
		found = get_number(r, arg, "index", 5, &index);
	if (found == 0)
		return wrong(r, "missing field", "index");
	if (found > 0)
		found = get_number(r, arg, "value", INT64_MAX, &value);
	if (found >= 0)
		found = get_number(r, arg, "valueTwo", INT64_MAX, &second);
	if (found >= 0)
		found = find_word(r, words_operators, "unknown operator",
				  json_object_get(arg, "op"), &op);
	if (found < 0)
		return found;
	*ret = (struct scmp_arg_cmp){ (unsigned)index, (enum scmp_compare)op, value,
				      second };
	return 0;
}

struct entry {
	uint32_t action;
	struct scmp_arg_cmp args[16];
	unsigned len;
	bool alternatives; /* an argument is there twice: each is a rule of its own */
};

static int read_args(const struct reader *r, json_t *list, struct entry *entry)
{
	unsigned seen = 0;

	if (json_array_size(list) > sizeof(entry->args) / sizeof(entry->args[0]))
		return wrong(r, "too many", "args");
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct scmp_arg_cmp *arg = &entry->args[entry->len];
		int ret = read_arg(r, json_array_get(list, i), arg);

		if (ret < 0)
			return ret;
		entry->alternatives |= seen >> arg->arg & 1;
		seen |= 1u << arg->arg;
		entry->len++;
	}
	return 0;
}

static int add_rule(const struct reader *r, const struct entry *entry,
		    const json_t *value)
{
	const char *name = json_string_value(value);
	int nr, ret = 0;

	if (!name)
		return wrong(r, "not a string in", "names");
	nr = seccomp_syscall_resolve_name(name);
	if (nr == __NR_SCMP_ERROR || entry->action == r->action)
		return 0; /* unknown, or what happens anyway (libseccomp refuses that) */
	if (entry->alternatives)
		for (unsigned i = 0; ret == 0 && i < entry->len; i++)
			ret = seccomp_rule_add_array(r->filter, entry->action, nr, 1,
						     &entry->args[i]);
	else
		ret = seccomp_rule_add_array(r->filter, entry->action, nr, entry->len,
					     entry->args);
	if (ret < 0)
		return err_set(r->e, ret, "seccomp profile %s: rule for %.64s", r->path,
			       name);
	return 0;
}

static int read_entry(const struct reader *r, json_t *object)
{
	static const char *const keys[] = { "names",    "name", "action",  "errnoRet",
					    "errno",    "args", "comment", "includes",
					    "excludes", NULL };
	struct entry entry = { 0 };
	json_t *names = NULL, *args = NULL, *name = json_object_get(object, "name");
	int ret = check_keys(r, object, "syscalls", keys);

	if (ret == 0)
		ret = get_action(r, object, "action", "errnoRet", "errno", &entry.action);
	if (ret == 0)
		ret = get_array(r, object, "args", &args);
	if (ret == 0)
		ret = read_args(r, args, &entry);
	if (ret == 0)
		ret = get_array(r, object, "names", &names);
	if (ret == 0)
		ret = entry_counts(r, object);
	if (ret <= 0)
		return ret;
	ret = 0;
	if (name && !json_is_null(name))
		ret = add_rule(r, &entry, name);
	for (size_t i = 0; ret == 0 && i < json_array_size(names); i++)
		ret = add_rule(r, &entry, json_array_get(names, i));
	return ret;
}

static int read_profile(const struct reader *r, json_t *profile)
{
	json_t *archs = NULL, *map = NULL, *calls = NULL;
	int ret = get_array(r, profile, "architectures", &archs);

	if (ret == 0)
		ret = get_array(r, profile, "archMap", &map);
	if (ret == 0)
		ret = get_array(r, profile, "syscalls", &calls);
	if (ret == 0 && archs && map)
		ret = wrong(r, "both archMap and", "architectures");
	if (ret == 0)
		ret = archs ? add_architectures(r, archs) : add_mapped(r, map);
	for (size_t i = 0; ret == 0 && i < json_array_size(calls); i++)
		ret = read_entry(r, json_array_get(calls, i));
	return ret;
}

static int load_file(const struct reader *r, json_t **ret)
{
	/* A FIFO must not make us wait for its writer. */
	cleanup_close int fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	cleanup_free char *text = NULL;
	json_error_t why;
	struct stat st;
	size_t len;
	int n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(r->e, -errno, "seccomp profile %s", r->path);
	if (S_ISDIR(st.st_mode))
		return err_set(r->e, -EISDIR, "seccomp profile %s", r->path);
	if (!S_ISREG(st.st_mode) || st.st_size > PROFILE_SIZE_MAX)
		return err_say(r->e, -EINVAL, "seccomp profile %s: %s", r->path,
			       S_ISREG(st.st_mode) ? "too large" : "not a regular file");
	n = io_read_all(fd, PROFILE_SIZE_MAX, &text, &len);
	if (n < 0)
		return err_set(r->e, n, "seccomp profile %s", r->path);
	n = json_text_read(text, len, ret, &why);
	if (n == -ENOMEM)
		return err_set(r->e, n, "seccomp profile %s", r->path);
	return n < 0 ? err_say(r->e, -EINVAL, "seccomp profile %s: line %d: %s", r->path,
			       why.line, why.text)
		     : 0;
}

static int compile_profile(struct reader *r, json_t *profile, struct plan *p,
			   struct filter_result *ret)
{
	static const char *const keys[] = { "defaultAction", "defaultErrnoRet",
					    "defaultErrno",  "architectures",
					    "archMap",       "syscalls",
					    "comment",       NULL };
	int n = check_keys(r, profile, "the profile", keys);

	if (n == 0)
		n = get_action(r, profile, "defaultAction", "defaultErrnoRet",
			       "defaultErrno", &r->action);
	if (n < 0)
		return n;
	r->filter = seccomp_init(r->action);
	if (!r->filter)
		return err_set(r->e, -ENOMEM, "seccomp profile %s", r->path);
	/* A binary tree loads three times as fast as the chain; see filter.c. */
	(void)seccomp_attr_set(r->filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	n = read_profile(r, profile);
	if (n == 0)
		n = seccomp_export(r->filter, p, r->path, ret, r->e);
	seccomp_release(r->filter);
	return n;
}

int seccomp_from_file(struct plan *p, const char *path, uint64_t caps, unsigned kernel,
		      struct filter_result *ret, struct err *e)
{
	struct reader r = { .path = path, .e = e, .caps = caps, .kernel = kernel };
	struct utsname uts;
	cleanup_json json_t *profile = NULL;
	int n;

	if (uname(&uts) < 0)
		return err_set(e, -errno, "uname");
	r.machine = words_machine(uts.machine);
	n = load_file(&r, &profile);
	if (n < 0)
		return n;
	n = compile_profile(&r, profile, p, ret);
	return n;
}
