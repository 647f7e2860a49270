/* SPDX-License-Identifier: MIT */
/*
 * volume - directories with a name, below volumes/ of the store: marten run -v
 * NAME:TARGET makes one when it is first used, from what the image has there, and nothing
 * but volume rm and the prunes removes it.
 */
#include "volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#ifdef LACKS_STATX /* else what it has clashes with this */
#include <linux/stat.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "marten/container/kept.h"
#include "marten/container/mount.h"
#include "marten/container/run.h"
#include "marten/print/text.h"

struct volume_values {
	bool quiet, force, dry, all;
};

static int check_name(struct call *call, const char *name)
{
	if (minc_volume_check_name(name) == 0)
		return 0;
	return fail_usage(call, "%.200s: a volume's name has letters, digits, _ . and -",
			  name);
}

static int path_of(struct call *call, const char *name, char path[PATH_MAX])
{
	int status = check_name(call, name);

	if (status)
		return status;
	if (snprintf(path, PATH_MAX, "%s/volumes/%s", minc_store_path(call->store),
		     name) >= PATH_MAX)
		return fail_say("%.200s: %s", name, strerror(ENAMETOOLONG));
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void volumes_done(char **names)
{
	size_t i;

	for (i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}

/*
 * Directory @name of the store. NULL: there is none, and *ret_status is 0; or it is an
 * exit status after a complaint.
 */
static DIR *open_list(const struct call *call, const char *name, int *ret_status)
{
	char path[PATH_MAX];
	DIR *dir;

	(void)snprintf(path, sizeof(path), "%s/%s", minc_store_path(call->store), name);
	dir = opendir(path);
	*ret_status = dir || errno == ENOENT
			      ? 0
			      : fail_say("%.300s: %s", path, strerror(errno));
	return dir;
}

char **volumes_list(struct call *call)
{
	char **list = calloc(1, sizeof(*list)), **more;
	int status;
	DIR *dir = open_list(call, "volumes", &status);
	struct dirent *e;
	size_t n = 0;

	if (status) {
		volumes_done(list);
		return NULL;
	}
	while (list && dir && (e = readdir(dir))) {
		if (minc_volume_check_name(e->d_name) < 0)
			continue;
		more = realloc(list, (n + 2) * sizeof(*list));
		if (more) {
			list = more;
			list[n] = strdup(e->d_name);
			list[n + 1] = NULL;
		}
		if (!more || !list[n++]) {
			volumes_done(list);
			list = NULL;
		}
	}
	if (dir)
		(void)closedir(dir); /* only read */
	if (!list)
		(void)fail_say("out of memory");
	else
		qsort(list, n, sizeof(*list), by_name);
	return list;
}

static int list(struct call *call)
{
	char **names = volumes_list(call);
	size_t i;

	if (!names)
		return EXIT_OURS;
	for (i = 0; names[i]; i++)
		(void)puts(names[i]);
	volumes_done(names);
	return 0;
}

static int make(struct call *call, const char *name)
{
	int status = check_name(call, name);

	if (status)
		return status;
	if (minc_volume_create(call->store, name) < 0)
		return fail_library(call);
	(void)puts(name);
	return 0;
}

struct use {
	char *name;
	const struct kept *by;
};

/* All containers, and which volumes they name. */
struct users {
	struct kept_list kept;
	struct use *v; /* by name */
	size_t len;
	const struct kept *at;   /* while it is made */
	struct timespec changed; /* containers/ of the store, before they were read */
	bool asked;
	int status; /* of that */
};

static void users_done(struct users *u)
{
	size_t i;

	for (i = 0; i < u->len; i++)
		free(u->v[i].name);
	free(u->v);
	kept_list_done(&u->kept);
}

static int note_use(const char *name, void *userdata)
{
	struct users *u = userdata;
	struct use *more =
		u->len % 64 ? u->v : realloc(u->v, (u->len + 64) * sizeof(*more));

	if (!more)
		return -1;
	u->v = more;
	more[u->len] = (struct use){ .name = strdup(name), .by = u->at };
	return more[u->len].name ? (u->len++, 0) : -1;
}

static int by_use(const void *a, const void *b)
{
	return strcmp(((const struct use *)a)->name, ((const struct use *)b)->name);
}

/*
 * One that is not in @kept, though it is there: its record is damaged, or it is just
 * made.
 */
static int find_unlisted(struct call *call, const struct kept_list *kept)
{
	int status;
	DIR *dir = open_list(call, "containers", &status);
	struct dirent *e;

	while (dir && status == 0 && (e = readdir(dir))) {
		char file[300];

		(void)snprintf(file, sizeof(file), "%s/container.json", e->d_name);
		if (*e->d_name != '.' && !kept_list_find(kept, e->d_name) &&
		    faccessat(dirfd(dir), file, F_OK, 0) == 0)
			status = fail_say(
				"container %.12s: it cannot be read, and may use any volume",
				e->d_name);
	}
	if (dir)
		(void)closedir(dir); /* only read */
	return status;
}

/* An exit status after a complaint. */
static int read_users(struct call *call, struct users *ret)
{
	int status;
	size_t i;

	status = kept_list(call, &ret->kept);
	if (status)
		return fail_say(
			"the containers could not be read: they may use any volume");
	for (i = 0; i < ret->kept.len && status == 0; i++) {
		ret->at = ret->kept.v[i];
		if (recipe_each_volume(ret->at, note_use, ret) < 0)
			status = fail_say(
				"container %.12s: its options cannot be read, and may name any volume",
				ret->at->id);
	}
	if (ret->len > 0)
		qsort(ret->v, ret->len, sizeof(*ret->v), by_use);
	return status ? status : find_unlisted(call, &ret->kept);
}

/*
 * All containers, each with known volumes: who cannot say what is used removes nothing.
 * They are read again when one was made or has gone since, for to remove a volume may
 * take its time. An exit status after a complaint; users_done() in either case.
 */
static int ask_users(struct call *call, struct users *u)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/containers", minc_store_path(call->store));
	if (stat(path, &st) < 0)
		/* to read it says what is wrong */
		st.st_mtim = (struct timespec){ .tv_sec = 0 };
	if (u->asked && u->changed.tv_sec == st.st_mtim.tv_sec &&
	    u->changed.tv_nsec == st.st_mtim.tv_nsec)
		return u->status;
	users_done(u);
	*u = (struct users){ .changed = st.st_mtim, .asked = true };
	u->status = read_users(call, u);
	return u->status;
}

static const struct kept *user_of(const struct users *u, const char *name)
{
	const struct use key = { .name = (char *)name }; /* only compared */
	const struct use *found =
		u->len > 0 ? bsearch(&key, u->v, u->len, sizeof(key), by_use) : NULL;

	return found ? found->by : NULL;
}

static int remove_volume(struct call *call, const struct users *users, const char *name)
{
	const struct volume_values *o = call->values;
	const struct kept *user = user_of(users, name);
	int r;

	if (user)
		return fail_say("%.200s: container %.12s uses it", name, user->id);
	r = minc_volume_remove(call->store, name);
	if (r < 0 && !(r == -ENOENT && o->force))
		return fail_library(call);
	if (r == 0)
		(void)puts(name);
	return 0;
}

/* The containers are asked when there is a name to ask for. */
static int remove_all(struct call *call)
{
	struct users users = { .v = NULL };
	int status = 0, i;

	for (i = 1; i < call->count; i++) {
		int r = check_name(call, call->operands[i]);

		if (r == 0)
			r = ask_users(call, &users);
		if (r == 0)
			r = remove_volume(call, &users, call->operands[i]);
		status = r ? r : status;
	}
	users_done(&users);
	return status;
}

static void print_time(const struct statx *st)
{
	time_t t = (time_t)(st->stx_mask & STATX_BTIME ? st->stx_btime.tv_sec
						       : st->stx_ctime.tv_sec);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	print_json_string(text);
}

/* The words of docker(1); @first: of the array. */
static int inspect(struct call *call, const char *name, bool first)
{
	char path[PATH_MAX];
	struct statx st;
	int status = path_of(call, name, path);

	if (status)
		return status;
	if (syscall(SYS_statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW,
		    STATX_BTIME | STATX_CTIME, &st) < 0)
		return errno == ENOENT ? fail_say("%.200s: no such volume", name)
				       : fail_say("%.200s: %s", name, strerror(errno));
	(void)printf("%s\n  {\n    \"CreatedAt\": ", first ? "[" : ",");
	print_time(&st);
	(void)fputs(",\n    \"Driver\": \"local\",\n    \"Labels\": {},\n    "
		    "\"Mountpoint\": ",
		    stdout);
	print_json_string(path);
	(void)fputs(",\n    \"Name\": ", stdout);
	print_json_string(name);
	(void)fputs(",\n    \"Options\": {},\n    \"Scope\": \"local\"\n  }", stdout);
	return 0;
}

static int inspect_all(struct call *call)
{
	int status = 0, shown = 0, i;

	for (i = 1; i < call->count; i++) {
		int r = inspect(call, call->operands[i], shown == 0);

		shown += r == 0;
		status = r ? r : status;
	}
	(void)puts(shown ? "\n]" : "[]");
	return status;
}

/* One that cannot be removed does not keep the others. */
static int remove_unused(struct call *call, struct users *users, char **names, bool dry)
{
	int status = 0;
	size_t i;

	for (i = 0; names[i]; i++) {
		if (ask_users(call, users))
			return users->status;
		if (user_of(users, names[i]))
			continue;
		if (!dry && minc_volume_remove(call->store, names[i]) < 0)
			status = fail_library(call);
		else
			(void)printf("%s volume %s\n", dry ? "would remove" : "removed",
				     names[i]);
	}
	return status;
}

int volumes_prune(struct call *call, bool dry)
{
	char **names = volumes_list(call);
	struct users users = { .v = NULL };
	int status;

	if (!names)
		return EXIT_OURS;
	status = remove_unused(call, &users, names, dry);
	users_done(&users);
	volumes_done(names);
	return status;
}

static int prune(struct call *call)
{
	const struct volume_values *o = call->values;

	if (!o->force && !o->dry && !isatty(STDIN_FILENO))
		return fail_usage(call, "volume prune: nobody to ask: -f is needed");
	if (!o->force && !o->dry && !upkeep_agrees("volumes that no container uses"))
		return EXIT_OURS;
	return volumes_prune(call, o->dry);
}

static int each(struct call *call, int (*fn)(struct call *call, const char *name))
{
	int status = 0, i;

	for (i = 1; i < call->count; i++) {
		int r = fn(call, call->operands[i]);

		status = r ? r : status;
	}
	return status;
}

/* What a word is about, and the options that it takes. */
static const struct {
	const char *word;
	bool names, quiet, force, prune;
} words[] = {
	{ "ls", false, true, false, false },      { "list", false, true, false, false },
	{ "create", true, false, false, false },  { "rm", true, false, true, false },
	{ "inspect", true, false, false, false }, { "prune", false, false, true, true },
};

static int run_volume(struct call *call)
{
	const struct volume_values *o = call->values;
	const char *word = call->operands[0];
	size_t n = sizeof(words) / sizeof(words[0]), i = 0;

	while (i < n && strcmp(words[i].word, word) != 0)
		i++;
	if (i == n || words[i].names != (call->count > 1))
		return fail_usage(
			call,
			"volume: expects ls, prune, or create, rm, inspect and names");
	if ((o->quiet && !words[i].quiet) || (o->force && !words[i].force) ||
	    ((o->dry || o->all) && !words[i].prune))
		return fail_usage(call,
				  "volume %s: -q is for ls, -f for rm and prune, -a and "
				  "--dry-run for prune",
				  word);
	if (!call_store(call))
		return EXIT_OURS;
	switch (word[0]) {
	case 'l':
		return list(call);
	case 'c':
		return each(call, make);
	case 'r':
		return remove_all(call);
	case 'i':
		return inspect_all(call);
	default:
		return prune(call);
	}
}

// clang-format off
static const struct subverb volume_words[] = {
	{ "ls", NULL, NULL }, { "create", NULL, NULL }, { "rm", NULL, NULL }, { "inspect", NULL, NULL },
	{ "prune", NULL, NULL }, { .word = NULL }
};
static const struct option volume_options[] = {
	{ "-q --quiet", NULL, "With ls: names only, which is all it prints",
	  .offset = offsetof(struct volume_values, quiet) },
	{ "-f --force", NULL, "With rm: one that is not there is no error; with prune: do not ask",
	  .offset = offsetof(struct volume_values, force) },
	{ "-a --all", NULL, "With prune: those with a name, too, which are all that there are",
	  .offset = offsetof(struct volume_values, all) },
	{ "--dry-run", NULL, "With prune: only say what would go",
	  .offset = offsetof(struct volume_values, dry) },
	{ .names = NULL }
};
const struct verb volume_verbs[] = {
	{ .names = "volume", .operands = "VERB [NAME...]", .complete = "VERB VOLUME...",
	  .words = volume_words, .least = 1, .most = -1,
	  .help = "ls, create, rm, inspect, prune: directories with a name, for run -v", .options = volume_options,
	  .size = sizeof(struct volume_values), .run = run_volume },
	{ .names = NULL }
};
// clang-format on
