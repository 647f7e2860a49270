/* SPDX-License-Identifier: MIT */
/*
 * reach - the registry client as a program, for registry.py: what it does is one call of
 * registry_ops, or the few that an image takes.
 *
 * usage: reach [OPTION..] manifest REF | pull REF DIR | push REF DIR | blob REF DIGEST
 * SIZE FILE
 *	  | login REGISTRY USER PASSWORD | logout REGISTRY
 * Options: -u USER:PASSWORD, -a AUTHFILE, -c CERT_DIR, -e ETC, -k (insecure), -r RETRIES,
 * -s STALL_SECONDS, -m REPOSITORY (to mount from), -C (cancel when progress is first
 * told), -W (when it is told after a wait),
 * -U URL (of a foreign layer), -t HOST[:PORT] (that may see the credentials), -I (ignore
 * SIGCHLD)
 *
 * DIR holds "manifest", "type" (its media type) and blobs by their digits. A failure is
 * one line "ERRNO: MESSAGE" on stderr and status 1; what is waited for is a line before
 * it, after "waits: ".
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../e2e/errno-name.h"
#include "base/fd.h"
#include "base/io.h"
#include "registry/registry-module.h"

enum { BLOBS_MAX = 600 };

static void say(const char *line, void *data);

static struct registry_options options = { .retries = 3, .backoff_ms = 20, .say = say };
static const char *mount_from, *url;
static struct err error;

static int cancel(const char *what, uint64_t done, uint64_t total, void *data)
{
	return 1;
}

static bool waited;

static int cancel_later(const char *what, uint64_t done, uint64_t total, void *data)
{
	return waited;
}

static void say(const char *line, void *data)
{
	waited = true;
	fprintf(stderr, "waits: %s\n", line);
}

static void stop(const char *why)
{
	fprintf(stderr, "reach: %s\n", why);
	exit(2);
}

static int failed(int r)
{
	fprintf(stderr, "%s: %s\n", errno_name(-r), error.message);
	return 1;
}

static struct registry *open_registry(const char *name, bool push, struct ref *ref,
				      int *ret)
{
	struct registry *reg = NULL;

	if (ref_parse(name, ref) < 0)
		stop("not a name");
	*ret = registry_ops.open(&error, ref, &options, push, &reg);
	return *ret < 0 ? NULL : reg;
}

static const char *reference(const struct ref *ref)
{
	return ref->digest.text[0] ? ref->digest.text : ref->tag;
}

static void add_blob(struct registry_blob *b, const json_t *descriptor)
{
	const char *digest = json_string_value(json_object_get(descriptor, "digest"));

	if (!digest || digest_parse(digest, &b->digest) < 0)
		stop("a manifest without digests");
	b->size = (uint64_t)json_integer_value(json_object_get(descriptor, "size"));
	b->fd = -EBADF;
	b->mount_from = mount_from;
}

static size_t blobs_of(const char *text, size_t len, struct registry_blob *blobs)
{
	json_t *manifest = json_loadb(text, len, 0, NULL);
	json_t *layers = json_object_get(manifest, "layers"), *layer;
	size_t i;

	add_blob(&blobs[0], json_object_get(manifest, "config"));
	if (json_array_size(layers) >= BLOBS_MAX)
		stop("too many layers");
	json_array_foreach(layers, i, layer) add_blob(&blobs[i + 1], layer);
	i = json_array_size(layers) + 1;
	json_decref(manifest);
	return i;
}

static int show(const struct registry_text *t)
{
	printf("%s %s\n", t->digest.text, t->media_type);
	return 0;
}

static int keep(struct registry_blob *b, void *data)
{
	char from[64];

	snprintf(from, sizeof(from), "/proc/self/fd/%d", b->fd);
	if (linkat(AT_FDCWD, from, *(int *)data, digest_hex(&b->digest),
		   AT_SYMLINK_FOLLOW) < 0 &&
	    errno != EEXIST)
		stop("cannot name a blob");
	printf("blob %.12s\n", digest_hex(&b->digest));
	return 0;
}

static int put_file(int dir, const char *name, const void *data, size_t len)
{
	return io_replace_file(dir, name, data, len);
}

static int pull_blobs(struct registry *reg, struct registry_text *t, const char *path)
{
	static struct registry_blob blobs[BLOBS_MAX];
	size_t n = blobs_of(t->text, t->len, blobs);
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	for (size_t i = 0; i < n; i++) {
		blobs[i].fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
		if (blobs[i].fd < 0)
			stop("no O_TMPFILE here");
	}
	if (put_file(dir, "manifest", t->text, t->len) < 0 ||
	    put_file(dir, "type", t->media_type, strlen(t->media_type)) < 0)
		stop("cannot write");
	r = registry_ops.get_blobs(reg, blobs, n, keep, &dir);
	for (size_t i = 0; i < n; i++)
		close(blobs[i].fd);
	close(dir);
	return r;
}

static int get(const char *name, const char *dir)
{
	struct registry_text t = { 0 };
	struct ref ref;
	int r;
	struct registry *reg = open_registry(name, false, &ref, &r);

	if (r == 0)
		r = registry_ops.get_manifest(reg, reference(&ref), &t);
	if (r == 0)
		r = dir ? pull_blobs(reg, &t, dir) : show(&t);
	free(t.text);
	registry_ops.close(reg);
	return r;
}

static int push(const char *name, const char *path)
{
	static struct registry_blob blobs[BLOBS_MAX];
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	cleanup_free char *text = NULL, *type = NULL;
	struct registry *reg;
	struct ref ref;
	size_t len, n;

	if (io_read_file(dir, "manifest", 1 << 22, &text, &len) < 0 ||
	    io_read_file(dir, "type", 256, &type, NULL) < 0)
		stop("nothing to push");
	n = blobs_of(text, len, blobs);
	for (size_t i = 0; i < n; i++)
		blobs[i].fd =
			openat(dir, digest_hex(&blobs[i].digest), O_RDONLY | O_CLOEXEC);
	reg = open_registry(name, true, &ref, &r);
	if (r == 0)
		r = registry_ops.put_blobs(reg, blobs, n);
	if (r == 0)
		r = registry_ops.put_manifest(reg, reference(&ref), type, text, len);
	for (size_t i = 0; i < n; i++)
		close(blobs[i].fd);
	registry_ops.close(reg);
	close(dir);
	return r;
}

static int count(struct registry_blob *b, void *data)
{
	printf("whole\n");
	return 0;
}

static int blob(const char *name, const char *digest, const char *size, const char *file)
{
	const char *urls[] = { url, NULL };
	struct registry_blob b = { .size = strtoull(size, NULL, 10),
				   .urls = url ? urls : NULL };
	struct ref ref;
	int r;
	struct registry *reg = open_registry(name, false, &ref, &r);

	b.fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (digest_parse(digest, &b.digest) < 0 || b.fd < 0)
		stop("not a digest or file");
	if (r == 0)
		r = registry_ops.get_blobs(reg, &b, 1, count, NULL);
	close(b.fd);
	registry_ops.close(reg);
	return r;
}

static int run(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[0], "manifest"))
		return get(argv[1], NULL);
	if (argc == 3 && !strcmp(argv[0], "pull"))
		return get(argv[1], argv[2]);
	if (argc == 3 && !strcmp(argv[0], "push"))
		return push(argv[1], argv[2]);
	if (argc == 5 && !strcmp(argv[0], "blob"))
		return blob(argv[1], argv[2], argv[3], argv[4]);
	if (argc == 4 && !strcmp(argv[0], "login"))
		return registry_ops.login(&error, argv[1], argv[2], argv[3], &options);
	if (argc == 2 && !strcmp(argv[0], "logout"))
		return registry_ops.logout(&error, argv[1], &options);
	stop("see the comment at the top of reach.c");
	return 0;
}

int main(int argc, char **argv)
{
	int option, r;

	while ((option = getopt(argc, argv, "+u:a:c:e:kr:s:m:CWU:t:I")) != -1) {
		switch (option) {
		case 'u':
			options.user = optarg;
			break;
		case 'a':
			options.authfile = optarg;
			break;
		case 'c':
			options.cert_dir = optarg;
			break;
		case 'e':
			options.etc = optarg;
			break;
		case 'k':
			options.insecure = true;
			break;
		case 'r':
			options.retries = (unsigned)atoi(optarg);
			break;
		case 's':
			options.stall_seconds = (unsigned)atoi(optarg);
			break;
		case 'm':
			mount_from = optarg;
			break;
		case 'C':
			options.progress = cancel;
			break;
		case 'W':
			options.progress = cancel_later;
			break;
		case 'U':
			url = optarg;
			break;
		case 't':
			options.realm = optarg;
			break;
		case 'I':
			(void)signal(SIGCHLD, SIG_IGN);
			break;
		default:
			stop("unknown option");
		}
	}
	r = run(argc - optind, argv + optind);
	return r < 0 ? failed(r) : 0;
}
