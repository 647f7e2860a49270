/* SPDX-License-Identifier: MIT */
/* state - see state.h. */
#include "live/state.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fd.h"
#include "base/io.h"
#include "base/lease.h"
#include "base/owner.h"
#include "base/quote.h"
#include "base/str.h"
#include "cgroup/set.h"
#include "live/state-files.h"
#include "run/run-rows.h"
#include "run/threads.h"

enum {
	FILE_MAX_BYTES = 4 * 1024 * 1024,
	STATUS_BYTES = 64,
	STATE_WORD = 3,
	START_WORD = 22 /* of stat(5) */
};

/* The runtime directory. */

static int choose_runtime(const struct host *h, char *ret, size_t len)
{
	const char *chosen = secure_getenv("MINC_STATE_DIR"),
		   *dir = owner_env_dir("XDG_RUNTIME_DIR");
	int n;

	if (chosen && *chosen == '/')
		n = snprintf(ret, len, "%s", chosen);
	else if (h->owns_run)
		n = snprintf(ret, len, "/run/minc");
	else if (dir && *dir == '/')
		n = snprintf(ret, len, "%s/minc", dir);
	else
		n = snprintf(ret, len, "/tmp/minc-%u", h->uid);
	return n < 0 || (size_t)n >= len ? -ENAMETOOLONG : 0;
}

static int refuse_runtime(struct minc_ctx *c, const char *path, const struct stat *st)
{
	err_say(&c->err, -EPERM,
		"state directory %s: not the caller's alone: owner %u, mode %o", path,
		(unsigned)st->st_uid, st->st_mode & 07777u);
	err_hint(&c->err, "MINC_STATE_DIR names another");
	return -EPERM;
}

/* Anybody may have made it before us in /tmp: it must be ours alone. */
int state_runtime(struct minc_ctx *c, bool create, char path[PATH_MAX], int *ret)
{
	cleanup_close int fd = -EBADF;
	char what[PATH_MAX + 32];
	struct owner_place place;
	struct stat st;
	int r = choose_runtime(&c->host, path, PATH_MAX);

	if (r < 0)
		return err_set(&c->err, r, "state directory");
	snprintf(what, sizeof(what), "state directory %s", path);
	/* what is above it stays as it is now */
	r = owner_resolve(&c->err, what, path, &place);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == -ENOENT && create && mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(&c->err, -errno, "%s", what);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return !create && errno == ENOENT ? -ENOENT
						  : err_set(&c->err, -errno, "%s", what);
	if (fstat(fd, &st) < 0)
		return err_set(&c->err, -errno, "%s", what);
	if (st.st_uid != c->host.uid || st.st_mode & 077)
		return refuse_runtime(c, path, &st);
	*ret = take_fd(&fd);
	return 0;
}

bool state_is_id(const char *s)
{
	return str_is_hex(s, STATE_ID_LEN);
}

struct state *state_new(const char *runtime_path, const char *id)
{
	struct state *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->runtime = s->dir = s->lock = s->status = -EBADF;
	snprintf(s->id, sizeof(s->id), "%s", id);
	s->path = arena_printf(&s->arena, "%s/%s", runtime_path, id);
	return s->path ? s : state_free(s);
}

int state_open(struct state *s, int runtime)
{
	s->runtime = fcntl(runtime, F_DUPFD_CLOEXEC, 3);
	if (s->runtime < 0)
		return -errno;
	s->dir = openat(runtime, s->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return s->dir < 0 ? -errno : 0;
}

int state_numbers(const struct state *s, char ret[STATE_NUMBERS_LEN])
{
	struct stat st;

	if (fstat(s->dir, &st) < 0)
		return -errno;
	snprintf(ret, STATE_NUMBERS_LEN, "%llx:%llx", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	return 0;
}

struct state *state_free(struct state *s)
{
	if (!s)
		return NULL;
	fd_closep(&s->runtime);
	fd_closep(&s->dir);
	fd_closep(&s->lock);
	fd_closep(&s->status);
	arena_done(&s->arena);
	free(s);
	return NULL;
}

/* Files. */

int state_write(const struct state *s, const char *name, const char *text, size_t len)
{
	char fresh[NAME_MAX + 1];
	cleanup_close int fd = -EBADF;
	int r;

	snprintf(fresh, sizeof(fresh), "%s.new", name);
	fd = openat(s->dir, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, text, len);
	if (r == 0 && renameat(s->dir, fresh, s->dir, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(s->dir, fresh, 0); /* only a remnant */
	return r;
}

void state_remove(struct state *s)
{
	static const char *const files[] = { STATE_FILES };

	state_read_name(s); /* another process may have renamed it */
	if (*s->name)
		state_drop_name(s, s->name);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)unlinkat(s->dir, files[i], 0); /* most are there */
	/* unless somebody put a file there */
	(void)unlinkat(s->runtime, s->id, AT_REMOVEDIR);
}

void state_read_name(struct state *s)
{
	char text[sizeof(s->name)];

	if (io_read_short(s->dir, "name", text, sizeof(text)) < 0)
		return;
	if (strchr(text, '/')) /* not ours */
		text[0] = '\0';
	snprintf(s->name, sizeof(s->name), "%s", text);
}

/* Creating. */

static int make_id(char ret[STATE_ID_LEN + 1])
{
	unsigned char bytes[STATE_ID_LEN / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -errno;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/*
 * What the monitor will write its status into: it has its place when the disk is full,
 * and who holds it can read it after the directory was removed.
 */
static int reserve_status(struct state *s)
{
	char blanks[STATUS_BYTES];

	memset(blanks, ' ', sizeof(blanks));
	s->status =
		openat(s->dir, "status.new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return s->status < 0 ? -errno : io_write_all(s->status, blanks, sizeof(blanks));
}

static int make_dir(struct minc_ctx *c, struct state *s, int runtime)
{
	int r;

	if (mkdirat(runtime, s->id, 0700) < 0)
		return err_set(&c->err, -errno, "%s", s->path);
	r = state_open(s, runtime);
	if (r == 0) {
		s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
				 0600);
		r = s->lock < 0 ? -errno : 0;
	}
	if (r < 0) {
		/* what failed is the news */
		(void)unlinkat(runtime, s->id, AT_REMOVEDIR);
		return err_set(&c->err, r, "%s", s->path);
	}
	r = lease_take(s->lock, s->dir, "lock");
	if (r < 0)
		return err_set(&c->err, r, "%s/lock", s->path);
	r = reserve_status(s);
	if (r < 0)
		return err_set(&c->err, r, "%s/status", s->path);
	if (spec_flag(&c->spec, MINC_AUTO_REMOVE) &&
	    mknodat(s->dir, "auto-remove", S_IFREG | 0600, 0) < 0)
		return err_set(&c->err, -errno, "%s", s->path);
	if (c->spec.name)
		return state_take_name(c, s, c->spec.name, c->spec.name_origin);
	return 0;
}

int state_create(struct minc_ctx *c, struct state **ret)
{
	cleanup_close int runtime = -EBADF;
	char path[PATH_MAX], id[STATE_ID_LEN + 1];
	struct state *s;
	int r = state_runtime(c, true, path, &runtime);

	if (r == 0 && c->spec.id) {
		snprintf(id, sizeof(id), "%s", c->spec.id);
	} else if (r == 0) {
		r = make_id(id);
		if (r < 0)
			return err_set(&c->err, r, "getrandom");
	}
	if (r < 0)
		return r;
	s = state_new(path, id);
	if (!s)
		return err_set(&c->err, -ENOMEM, "start in the background");
	state_lock(c, runtime);
	state_sweep(runtime, path);
	r = make_dir(c, s, runtime);
	(void)flock(runtime, LOCK_UN); /* cannot fail */
	if (r < 0) {
		if (s->lock >= 0) /* else it is another's, who has the id */
			state_remove(s);
		state_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

/* After the name, which may hold anything. */
uint64_t process_start_time(int pid, char *ret_state)
{
	char path[32], text[1024];
	const char *word;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (io_read_short(AT_FDCWD, path, text, sizeof(text)) < 0)
		return 0;
	word = process_word(text, STATE_WORD);
	if (word && ret_state)
		*ret_state = *word;
	if (ret_state && *ret_state == 'Z')
		(void)process_thread(pid, ret_state); /* or it is one */
	word = process_word(text, START_WORD);
	return word ? strtoull(word, NULL, 10) : 0;
}

/* @storage: that of @f, escaped */
static void print_facts(FILE *out, const struct state_facts *f, const char *storage)
{
	fprintf(out, "{\n  \"version\": %d,\n  \"pid\": %d,\n", STATE_VERSION, f->pid);
	fprintf(out, "  \"start_time\": \"%llu\",\n", (unsigned long long)f->start_time);
	fprintf(out, "  \"created_ns\": \"%llu\",\n  \"hostname\": ",
		(unsigned long long)f->created_ns);
	quote_json(out, f->hostname);
	fputs(",\n  \"storage\": ", out);
	if (storage)
		quote_json(out, storage);
	else
		fputs("null", out);
	fprintf(out,
		",\n  \"terminal\": %s,\n  \"init\": %s,\n  \"auto_remove\": %s,\n  \"storage_made\": %s,\n  \"command\": [",
		f->terminal ? "true" : "false", f->init ? "true" : "false",
		f->auto_remove ? "true" : "false", f->storage_made ? "true" : "false");
	for (size_t i = 0; f->command[i]; i++) {
		fputs(i ? ", " : "", out);
		quote_json(out, f->command[i]);
	}
	fputs("],\n  \"cgroups\": [", out);
	for (size_t i = 0; f->cgroups[i]; i++) {
		fputs(i ? ", " : "", out);
		quote_json(out, f->cgroups[i]);
	}
	fputs("]\n}\n", out);
}

/* The groups as lines; NULL without memory. */
static const char *const *list_groups(struct arena *a, const struct cgroup_set *set)
{
	const size_t len = set->len;
	const char **ret = arena_alloc(a, (len + 1) * sizeof(*ret));
	char line[PATH_MAX + 128];

	for (size_t i = 0; ret && i < len; i++) {
		ret[i] = cgroup_set_text(set, i, line, sizeof(line)) == 0
				 ? arena_strdup(a, line)
				 : NULL;
		if (!ret[i])
			return NULL;
	}
	return ret;
}

static int keep_facts(struct state *s, struct minc_ctx *c,
		      const struct minc_container *ct, const struct plan *p)
{
	const struct step_exec *command = exec_of(p);
	struct state_facts *f = &s->facts;
	char hostname[65] = "";
	struct cgroup_set groups;
	struct timespec t;

	if (!command) /* not a whole plan */
		return -EINVAL;
	(void)gethostname(hostname, sizeof(hostname) - 1); /* "" is what it has then */
	(void)clock_gettime(CLOCK_REALTIME, &t);           /* cannot fail */
	f->pid = ct->pid;
	f->start_time = process_start_time(ct->pid, NULL);
	f->created_ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	f->hostname = arena_strdup(&s->arena, c->spec.hostname ? c->spec.hostname
					      : c->spec.name   ? c->spec.name
							       : hostname);
	f->storage = c->storage ? arena_strdup(&s->arena, c->storage) : NULL;
	f->terminal = p->terminal;
	f->init = ct->init;
	f->auto_remove = spec_flag(&c->spec, MINC_AUTO_REMOVE);
	f->command = arena_strv(&s->arena, command->argv);
	f->cgroups = list_groups(&s->arena, cgroup_set_of(&ct->held, &groups));
	return f->hostname && f->command && f->cgroups && (f->storage || !c->storage)
		       ? 0
		       : -ENOMEM;
}

int state_commit(struct state *s, struct minc_ctx *c, const struct minc_container *ct,
		 const struct plan *p, bool storage_made)
{
	cleanup_free char *storage = NULL;
	char *text = NULL, pid[16];
	bool escaped;
	FILE *out;
	size_t len;
	int r = keep_facts(s, c, ct, p);

	s->facts.storage_made = storage_made;
	if (r == 0 && s->facts.storage)
		storage = str_escape_bytes(s->facts.storage, &escaped);
	if (r == 0 && s->facts.storage && !storage)
		r = -ENOMEM;
	out = r < 0 ? NULL : open_memstream(&text, &len);
	if (!out)
		return err_set(&c->err, -ENOMEM, "state of the container");
	print_facts(out, &s->facts, storage);
	if (fclose(out) != 0) {
		free(text);
		return err_set(&c->err, -ENOMEM, "state of the container");
	}
	snprintf(pid, sizeof(pid), "%d\n", ct->pid);
	r = state_write(s, "pid", pid, strlen(pid));
	if (r == 0)
		r = state_write(s, "state.json", text, len);
	free(text);
	return r < 0 ? err_set(&c->err, r, "%s", s->path) : 0;
}

/* Reading. */

/*
 * What state.json says, its strings in @texts if that is not NULL; nothing stays open.
 * -ENOENT: it is only being made, or is gone; -EBADMSG: damaged, or not a directory of
 * ours.
 */
static int load(int runtime, const char *path, const char *id, state_load_fn *parse,
		struct arena *texts, struct state **ret)
{
	struct state *s = state_new(path, id);
	char file[STATE_ID_LEN + sizeof("/state.json")];
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r;

	if (!s)
		return -ENOMEM;
	snprintf(file, sizeof(file), "%s/state.json", id);
	r = io_read_own_file(runtime, file, FILE_MAX_BYTES, &text, &len);
	if (r == 0)
		r = parse(text, len, texts ? texts : &s->arena, &s->facts);
	if (r < 0) {
		state_free(s);
		return r == -EFBIG || r == -ENOTDIR || r == -ELOOP || r == -EISDIR
			       ? -EBADMSG
			       : r;
	}
	*ret = s;
	return 0;
}

int state_find(struct minc_ctx *c, state_load_fn *parse, const char *word,
	       struct state **ret)
{
	cleanup_close int runtime = -EBADF;
	char path[PATH_MAX], id[STATE_ID_LEN + 1];
	struct state *s = NULL;
	int r = state_runtime(c, false, path, &runtime);

	if (r == 0)
		r = state_resolve(c, runtime, word, id);
	if (r == 0)
		r = load(runtime, path, id, parse, NULL, &s);
	if (r == 0) {
		r = state_open(s, runtime);
		if (r < 0)
			state_free(s);
	}
	if (r == 0) {
		state_read_name(s);
		*ret = s;
		return 0;
	}
	if (r == -EBADMSG) {
		err_say(&c->err, r, "%s: its state is damaged: %s/%s/state.json", word,
			path, id);
		err_hint(&c->err, "marten rm -f removes it");
		return r;
	}
	if (r == -ENOENT)
		return err_say(&c->err, r, "%s: no such container", word);
	return err_set(&c->err, r, "%s", word);
}

static int compare_age(const void *pa, const void *pb)
{
	const struct state *const *a = pa, *const *b = pb;

	if ((*a)->facts.created_ns != (*b)->facts.created_ns)
		return (*a)->facts.created_ns < (*b)->facts.created_ns ? -1 : 1;
	return strcmp((*a)->id, (*b)->id);
}

static void warn_damaged(struct minc_ctx *c, const char *id)
{
	char line[128];

	snprintf(line, sizeof(line), "container %.12s: its state is damaged", id);
	if (c->log)
		c->log(line, c->log_data);
}

static int append(struct state ***list, size_t *len, size_t *size, struct state *s)
{
	struct state **more = array_grow(*list, size, *len + 2, sizeof(struct state *));

	if (!more)
		return -ENOMEM;
	*list = more;
	(*list)[(*len)++] = s;
	(*list)[*len] = NULL;
	return 0;
}

static int load_all(struct minc_ctx *c, state_load_fn *parse, DIR *dir, const char *path,
		    struct arena *texts, struct state ***list, size_t *len)
{
	size_t size = 0;
	struct dirent *d;
	struct state *s;

	while ((d = readdir(dir))) {
		int r;

		if (!state_is_id(d->d_name))
			continue;
		r = load(dirfd(dir), path, d->d_name, parse, texts, &s);
		if (r == -EBADMSG)
			warn_damaged(c, d->d_name);
		if (r == 0) {
			r = append(list, len, &size, s);
			if (r < 0)
				state_free(s);
		}
		if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
			return r;
	}
	return 0;
}

int state_list(struct minc_ctx *c, state_load_fn *parse, struct arena *texts,
	       struct state ***ret, int *ret_runtime)
{
	cleanup_close int runtime = -EBADF;
	struct state **list = calloc(1, sizeof(struct state *));
	char path[PATH_MAX];
	size_t len = 0;
	DIR *dir;
	int r = list ? state_runtime(c, false, path, &runtime) : -ENOMEM;

	dir = r == 0 ? io_open_list(runtime, ".") : NULL;
	if (dir) {
		r = load_all(c, parse, dir, path, texts, &list, &len);
		closedir(dir);
	} else if (r == 0) {
		r = -errno;
	}
	if (r == 0 || r == -ENOENT) { /* nobody has made one yet */
		qsort(list, len, sizeof(struct state *), compare_age);
		*ret = list;
		*ret_runtime = take_fd(&runtime);
		return 0;
	}
	for (size_t i = 0; i < len; i++)
		state_free(list[i]);
	free(list);
	return err_set(&c->err, r, "state of the containers");
}

/* By the descriptor if there is one: the file is the same before and after its end. */
static ssize_t read_status(const struct state *s, char *text, size_t len)
{
	cleanup_close int fd = -EBADF;
	ssize_t n;

	if (s->status < 0)
		fd = openat(s->dir, "status", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (s->status < 0 && fd < 0)
		return -errno;
	n = pread(s->status < 0 ? fd : s->status, text, len - 1, 0);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	/* nothing yet, or a part */
	return s->status >= 0 && n && text[n - 1] == ' ' ? -ENOENT : n;
}

int state_status(const struct state *s, int *ret_status, uint64_t *ret_ended_ns,
		 uint64_t *ret_lost)
{
	unsigned long long ended, lost;
	char text[2 * STATUS_BYTES];
	int status, end = 0;
	ssize_t n = read_status(s, text, sizeof(text));

	if (n < 0)
		return (int)n;
	if (sscanf(text, "%d %llu %llu%n", &status, &ended, &lost, &end) != 3 ||
	    strcmp(text + end, "\n") != 0 || status < 0 || status > 255)
		return -EBADMSG;
	*ret_status = status;
	if (ret_ended_ns)
		*ret_ended_ns = ended;
	if (ret_lost)
		*ret_lost = lost;
	return 0;
}

bool state_is_kept(const struct state *s)
{
	return lease_look(s->dir, "lock") == 1;
}
