/* SPDX-License-Identifier: MIT */
/**
 * image.h - a store of container images that never unpacks
 *
 *	#include <minc/minc.h>
 *	#include <stdio.h>
 *
 *	int main(void)
 *	{
 *		minc_ctx *c = minc_ctx_new();
 *		minc_store *s = NULL;
 *		minc_image *image = NULL;
 *		int status = 125;
 *
 *		if (minc_store_open(c, NULL, &s) < 0 ||
 *		    minc_image_find(s, "alpine", &image) < 0 ||
 *		    minc_set_image(c, image) < 0 || minc_run(c, NULL, &status) < 0)
 *			fprintf(stderr, "%s\n", minc_error_message(c));
 *		minc_image_free(image);
 *		minc_store_free(s);
 *		minc_ctx_free(c);
 *		return status;
 *	}
 *
 * A store is a directory: an OCI image layout (oci-layout, index.json, blobs/sha256),
 * which other tools read as it is, with layers/DIFFID.sqfs beside it, each layer as a
 * squashfs image that is mounted, never unpacked, and containers/ID. See mincs-store(5).
 *
 * Names are those of docker(1): "alpine" is docker.io/library/alpine:latest.
 * A failure is recorded on the context the store was opened with (error.h). A store is
 * not locked: use it from one thread at a time; any number of processes may use the
 * directory.
 */
#ifndef MINC_IMAGE_H
#define MINC_IMAGE_H

#include <minc/error.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct minc_store minc_store;
typedef struct minc_image minc_image;
typedef struct minc_transfer minc_transfer;

/**
 * minc_store_open() - open a store, or make it
 * @c: context, which must outlive the store
 * @dir: host directory; NULL: $MINCS_DIR, else MINCS_DIR= of /etc/mincs.conf, else
 *	/var/lib/mincs for root and $XDG_DATA_HOME/mincs (~/.local/share/mincs) for others
 * @ret: on success the store, to be freed with minc_store_free()
 *
 * Nothing is written before something is to be kept.
 *
 * Returns 0, or -EBADMSG: the directory holds something else, or a newer layout; -ENOSYS:
 * built without images, or the module is missing; -ENOMEM; -errno as open(2), mkdir(2).
 */
int minc_store_open(minc_ctx *c, const char *dir, minc_store **ret);

/**
 * minc_store_free() - close a store; images from it stay valid until their own end
 * @s: store or NULL
 *
 * Returns NULL.
 */
minc_store *minc_store_free(minc_store *s);

/**
 * minc_store_path() - where a store is
 * @s: store
 *
 * Returns an absolute path owned by @s.
 */
const char *minc_store_path(const minc_store *s);

/**
 * minc_image_find() - an image of the store
 * @s: store
 * @name: name as docker(1) takes it, with tag or digest; or an id, or the beginning of
 * one
 * @ret: on success the image, to be freed with minc_image_free()
 *
 * A whole name is preferred to an id.
 *
 * Returns 0, or -ENOENT: there is none; -ENOTUNIQ: an ambiguous prefix; -EINVAL: neither
 * a name nor an id; -EBADMSG: its manifest or config is damaged; -ENOMEM, -errno as
 * read(2).
 */
int minc_image_find(minc_store *s, const char *name, minc_image **ret);

/**
 * minc_image_find_platform() - the same, only if it is for a platform
 * @s: store
 * @name: as minc_image_find()
 * @platform: "OS/ARCHITECTURE[/VARIANT]", such as "linux/arm64"; NULL: any
 * @ret: on success the image, to be freed with minc_image_free()
 *
 * A lower variant of the architecture serves, as on that machine. Of an index in the
 * store it is the manifest for @platform. An image that does not say what it is for
 * serves for all.
 *
 * Returns as minc_image_find(), with -ENOENT also for an image of another platform, which
 * the message names; -EINVAL: no such platform.
 */
int minc_image_find_platform(minc_store *s, const char *name, const char *platform,
			     minc_image **ret);

/**
 * typedef minc_image_fn - one image; not 0 ends minc_image_foreach(), which returns it
 */
typedef int (*minc_image_fn)(minc_image *image, void *userdata);

/**
 * minc_image_foreach() - visit all images, newest first; each name is one visit
 * @s: store
 * @fn: called with an image that is freed afterwards
 * @userdata: handed to @fn
 *
 * Damaged ones are left out, with a warning for minc_set_log().
 *
 * Returns 0, what @fn returned, or -errno as minc_image_find().
 */
int minc_image_foreach(minc_store *s, minc_image_fn fn, void *userdata);

/**
 * minc_image_free() - forget an image; the store keeps it
 * @image: image or NULL
 *
 * Returns NULL.
 */
minc_image *minc_image_free(minc_image *image);

/**
 * minc_image_id() / minc_image_digest() / minc_image_name() - how an image is called
 * @image: image
 *
 * The id is the SHA-256 of its config, 64 hexadecimal digits, as docker(1) has it. The
 * digest is "sha256:" and that of its manifest, as registries have it. The name is the
 * one it was found by in the index, short as docker(1) writes it, with tag or digest:
 * "alpine:3.20"; "" without one.
 *
 * Returns a string owned by @image.
 */
const char *minc_image_id(const minc_image *image);
const char *minc_image_digest(const minc_image *image);
const char *minc_image_name(const minc_image *image);

/**
 * minc_image_platform() - what an image is for
 * @image: image
 *
 * Returns "OS/ARCHITECTURE[/VARIANT]", owned by @image; "" if it does not say.
 */
const char *minc_image_platform(const minc_image *image);

/**
 * minc_image_size() - bytes of its layers as they are mounted
 * @image: image
 */
uint64_t minc_image_size(const minc_image *image);

/**
 * minc_image_created_ms() - when it was made, milliseconds since the epoch; 0: not said
 * @image: image
 */
int64_t minc_image_created_ms(const minc_image *image);

/**
 * minc_image_entrypoint() / minc_image_command() - what it runs by default
 * @image: image
 *
 * Returns a NULL-terminated array, maybe empty, owned by @image.
 */
const char *const *minc_image_entrypoint(const minc_image *image);
const char *const *minc_image_command(const minc_image *image);

/**
 * minc_image_stop_signal() - what asks it to end, such as "SIGQUIT"; "" if it does not
 * say
 * @image: image
 */
const char *minc_image_stop_signal(const minc_image *image);

/**
 * minc_image_volumes() - directories it wants to be kept outside of its layers
 * @image: image
 *
 * Returns a NULL-terminated array of absolute paths, maybe empty, owned by @image.
 */
const char *const *minc_image_volumes(const minc_image *image);

/**
 * minc_image_inspect() - all that is known of an image
 * @image: image
 * @ret: on success a JSON object, a string for free(3): "id", "digest", "names",
 * "created",
 *	"size", "architecture", "os", "layers", "config" and "history" as the OCI image
 *	specification has them
 *
 * Returns 0, or -ENOMEM.
 */
int minc_image_inspect(minc_image *image, char **ret);

/** typedef minc_history_fn - one step of an image's history, newest first */
typedef int (*minc_history_fn)(int64_t created_ms, const char *created_by,
			       const char *comment, uint64_t size, int empty_layer,
			       void *userdata);

/**
 * minc_image_history() - how an image was made
 * @image: image
 * @fn: called for each step; not 0 ends the visit
 * @userdata: handed to @fn
 *
 * Returns 0, or what @fn returned.
 */
int minc_image_history(minc_image *image, minc_history_fn fn, void *userdata);

/**
 * minc_image_tag() - give an image one more name; it is taken from another image
 * @s: store
 * @image: image of the store
 * @name: name, with the tag "latest" unless it says another
 *
 * Returns 0, or -EINVAL: no such name; -ENOENT: the image is gone; -EKEYREJECTED,
 * -ENOKEY: a policy says no, see mincs-policy(5); -errno as write(2).
 */
int minc_image_tag(minc_store *s, minc_image *image, const char *name);

/** enum minc_remove_flags - what minc_image_remove() may do */
enum minc_remove_flags {
	/* containers that use it, and other names, do not matter */
	MINC_REMOVE_FORCE = 1 << 0,
	MINC_REMOVE_UNTAG = 1 << 1 /* the name alone, even if it is the last one */
};

/** typedef minc_dependent_fn - "container" or "image", its id and its name */
typedef int (*minc_dependent_fn)(const char *kind, const char *id, const char *name,
				 void *userdata);

/**
 * minc_image_remove() - remove a name, and with the last name what nothing else needs
 * @s: store
 * @name: as minc_image_find(); by an id all names go
 * @flags: MINC_REMOVE_*
 * @fn: called for each thing that depends on it, if that is in the way; may be NULL
 * @userdata: handed to @fn
 *
 * Containers that run go on: what they have open stays.
 *
 * Returns 0, or -EBUSY: something depends on it; -errno as minc_image_find(), unlink(2).
 */
int minc_image_remove(minc_store *s, const char *name, unsigned flags,
		      minc_dependent_fn fn, void *userdata);

/**
 * typedef minc_removal_fn - what becomes of a name: @error 0: it goes; -errno: it stays
 *
 * Why it stays says minc_error_message(). Not 0 ends it all: then every name stays.
 */
typedef int (*minc_removal_fn)(const char *name, int error, void *userdata);

/**
 * minc_images_remove() - minc_image_remove() of several names, with one change of the
 * store
 * @s: store
 * @names: NULL-terminated; each is looked for in what those before it leave
 * @flags: MINC_REMOVE_*
 * @fn: called for each thing that depends on a name, before @each is for that name; may
 * be NULL
 * @each: called with each name, in order, before any is removed
 * @userdata: handed to @fn and @each
 *
 * Names that stay do not keep the others. The store is locked while @fn and @each are
 * called: they may not change it, nor wait for long.
 *
 * Returns 0, what @fn or @each returned, or -EINVAL: unknown flags, no @names or @each;
 * -errno: of all of them, as write(2), or of files that are left, as unlink(2).
 */
int minc_images_remove(minc_store *s, const char *const *names, unsigned flags,
		       minc_dependent_fn fn, minc_removal_fn each, void *userdata);

/** typedef minc_report_fn - what, its id or path, bytes (or 0), and a reason or "" */
typedef int (*minc_report_fn)(const char *what, const char *name, uint64_t bytes,
			      const char *reason, void *userdata);

/**
 * enum minc_prune_flags - what minc_store_prune() removes besides what nothing refers to
 */
enum minc_prune_flags {
	MINC_PRUNE_UNNAMED = 1 << 0,    /* images without a name */
	MINC_PRUNE_UNUSED = 1 << 1,     /* images that no container uses */
	MINC_PRUNE_CONTAINERS = 1 << 2, /* containers that have ended */
	MINC_PRUNE_DRY = 1 << 3         /* only report */
};

/**
 * minc_store_prune() - remove what nothing needs
 * @s: store
 * @flags: MINC_PRUNE_*
 * @fn: called for each thing removed: "image", "layer", "blob", "container", "temporary"
 * @userdata: handed to @fn
 *
 * Returns 0, what @fn returned, or -errno.
 */
int minc_store_prune(minc_store *s, unsigned flags, minc_report_fn fn, void *userdata);

/**
 * minc_store_usage() - what takes how much space
 * @s: store
 * @fn: called for each "image", "layer", "blob" and "container"; the reason is "" or what
 *	nothing needs: "unused"
 * @userdata: handed to @fn
 *
 * Returns 0, what @fn returned, or -errno.
 */
int minc_store_usage(minc_store *s, minc_report_fn fn, void *userdata);

/** enum minc_fsck_flags - what minc_store_fsck() does */
enum minc_fsck_flags {
	/* mend what can be: convert layers anew, drop what is lost */
	MINC_FSCK_REPAIR = 1 << 0
};

/**
 * minc_store_fsck() - read everything and compare it with its digests
 * @s: store
 * @flags: MINC_FSCK_*
 * @fn: called for each fault, with the damaged file's path in the store and the reason
 * @userdata: handed to @fn
 *
 * Returns the number of faults that remain, what @fn returned, or -errno.
 */
int minc_store_fsck(minc_store *s, unsigned flags, minc_report_fn fn, void *userdata);

/*
 * Volumes: directories with a name, below volumes/ of a store, for MINC_BIND_VOLUME
 * (container.h).
 */

/**
 * minc_volume_check_name() - whether a volume may have a name
 * @name: begins with a letter or digit, then also "_", "." and "-"; 128 at the most
 *
 * Returns 0, or -EINVAL: it may not, or is NULL.
 */
int minc_volume_check_name(const char *name);

/**
 * minc_volume_create() - make a volume
 * @s: store
 * @name: see minc_volume_check_name()
 *
 * The container that uses it first gives it the contents, owners and modes of its image.
 *
 * Returns 0, or -EEXIST: there is one; -EINVAL: no such name; -ENOMEM, -errno as
 * mkdir(2).
 */
int minc_volume_create(minc_store *s, const char *name);

/**
 * minc_volume_remove() - remove a volume and all that is in it, whoever owns it
 * @s: store
 * @name: its name
 *
 * Files of subordinate ids go, too. Whether a container uses it is the caller's to know.
 *
 * Returns 0, or -ENOENT: there is none; -EINVAL: no such name; -EACCES: its files belong
 * to ids that the caller has no more; -ENOMEM, -errno as unlink(2).
 */
int minc_volume_remove(minc_store *s, const char *name);

/*
 * Transfers: everything that brings images into a store or out of it.
 */

/**
 * minc_transfer_new() - a transfer with defaults
 * @s: store, which must outlive it
 *
 * One transfer may do any number of things, one after the other.
 *
 * Returns a transfer to be freed with minc_transfer_free(), or NULL without memory.
 */
minc_transfer *minc_transfer_new(minc_store *s);

/**
 * minc_transfer_free() - forget a transfer
 * @t: transfer or NULL
 *
 * Returns NULL.
 */
minc_transfer *minc_transfer_free(minc_transfer *t);

/** enum minc_transfer_option - texts that minc_transfer_set() sets */
enum minc_transfer_option {
	/* name for an imported image that brings none, or instead */
	MINC_TRANSFER_NAME = 1,
	MINC_TRANSFER_PLATFORM = 2, /* "linux/arm64/v8"; default: this machine's */
	/*
	 * of an export: "oci" "oci-archive" "docker-archive" "tar" "dir"
	 * "squashfs"
	 */
	MINC_TRANSFER_FORMAT = 3,
	MINC_TRANSFER_USER = 4,     /* credentials of a registry: "USER:PASSWORD" */
	MINC_TRANSFER_AUTHFILE = 5, /* instead of the default files */
	MINC_TRANSFER_CERT_DIR = 6, /* with ca.crt, client.cert, client.key */
	MINC_TRANSFER_AUTHOR = 7,   /* of a commit */
	MINC_TRANSFER_MESSAGE = 8,  /* of a commit, or an import of a root file system */
	/* of both: "ENV A=B", as docker commit --change; adds */
	MINC_TRANSFER_CHANGE = 9,
	MINC_TRANSFER_SIGN_KEY = 10, /* sign what is pushed or committed */
	MINC_TRANSFER_POLICY = 11,   /* policy file; default: see mincs-policy(5) */
	/*
	 * "HOST[:PORT]" of a token server that may see the credentials, beside the
	 * registry
	 */
	MINC_TRANSFER_REALM = 12
};

/**
 * minc_transfer_set() - set a text
 * @t: transfer
 * @option: one of enum minc_transfer_option
 * @value: text; NULL: the default
 *
 * Returns 0, or -EINVAL: unknown option or impossible value; -ENOMEM.
 */
int minc_transfer_set(minc_transfer *t, enum minc_transfer_option option,
		      const char *value);

/** enum minc_transfer_number - numbers that minc_transfer_set_number() sets */
enum minc_transfer_number {
	MINC_TRANSFER_INSECURE = 1, /* 1: plain HTTP, or TLS that is not verified */
	MINC_TRANSFER_FOREIGN = 2,  /* 1: follow URLs of foreign layers */
	/* of unpacked bytes of a call; 0: any; see minc_import(3) */
	MINC_TRANSFER_MAX_BYTES = 3,
	MINC_TRANSFER_MAX_ENTRIES = 4, /* of files of a call; 0: any */
	MINC_TRANSFER_THREADS = 5,     /* 0: one for each CPU */
	MINC_TRANSFER_RETRIES = 6      /* of a failed request; default 3 */
};

/**
 * minc_transfer_set_number() - set a number
 * @t: transfer
 * @option: one of enum minc_transfer_number
 * @value: as named there
 *
 * Returns 0, or -EINVAL: unknown option or value out of range.
 */
int minc_transfer_set_number(minc_transfer *t, enum minc_transfer_number option,
			     uint64_t value);

/**
 * typedef minc_progress_fn - how far a part of a transfer is
 *
 * @what is such as "blob 5f70bf18a086" or "layer 5f70bf18a086", @done and @total are
 * bytes, @total 0 if unknown. Called a few times per second in the thread of the
 * transfer. Not 0 cancels it: it then returns -ECANCELED.
 */
typedef int (*minc_progress_fn)(const char *what, uint64_t done, uint64_t total,
				void *userdata);

/**
 * minc_transfer_set_progress() - be told, and be able to cancel
 * @t: transfer
 * @fn: function, or NULL
 * @userdata: handed to @fn
 */
void minc_transfer_set_progress(minc_transfer *t, minc_progress_fn fn, void *userdata);

/**
 * minc_import() - take images from files
 * @t: transfer
 * @source: directory (a root file system, or an OCI image layout), or a file: tar of a
 * root file
 *	system, docker-archive, OCI archive, squashfs or erofs image, the tars also
 *	compressed (gzip, zstd, xz, bzip2); "-": standard input. What it is is seen from
 *	its content
 * @fn: called with each image that is now in the store; may be NULL
 * @userdata: handed to @fn
 *
 * All or nothing: after a failure the store is as before.
 *
 * Returns 0, what @fn returned, or -EBADMSG: damaged, hostile or unknown content;
 * -EOVERFLOW: beyond a budget; -ECANCELED; -ENOSPC and others of open(2), write(2).
 */
int minc_import(minc_transfer *t, const char *source, minc_image_fn fn, void *userdata);

/**
 * minc_export() - write images to a file or directory
 * @t: transfer, with MINC_TRANSFER_FORMAT
 * @names: images, NULL-terminated; more than one for "docker-archive" and "oci" only
 * @target: path, which must not exist; "-": standard output
 *
 * Returns 0, or -EEXIST; -EINVAL: the format takes no such thing; -errno.
 */
int minc_export(minc_transfer *t, const char *const *names, const char *target);

/**
 * minc_pull() - get an image from a registry
 * @t: transfer
 * @name: as docker(1) takes it, with tag or digest
 * @fn: called with the image that is now in the store; may be NULL
 * @userdata: handed to @fn
 *
 * Returns 0, what @fn returned, or -ENOENT: the registry does not have it; -EACCES:
 * refused; -EBADMSG: what came is not what its digest says, or hostile; -ETIMEDOUT,
 * -ECONNREFUSED, -EHOSTUNREACH and others of connect(2); -ENOSYS: built without
 * registries.
 */
int minc_pull(minc_transfer *t, const char *name, minc_image_fn fn, void *userdata);

/**
 * minc_push() - copy an image to a registry
 * @t: transfer
 * @name: image of the store
 * @target: name at the registry; NULL: @name
 *
 * What the registry has is not sent; layers that another repository of it has are
 * mounted. An image that came from a registry keeps its digests.
 *
 * Returns 0, or as minc_pull().
 */
int minc_push(minc_transfer *t, const char *name, const char *target);

/**
 * minc_login() / minc_logout() - keep credentials for a registry, forget them
 * @t: transfer
 * @registry: host or host:port; "docker.io" for Docker Hub
 * @user: user
 * @password: password or token; tried at the registry before it is kept
 *
 * Kept where docker(1) and podman(1) find them, or by the credential helper they name.
 *
 * Returns 0, or -EACCES: the registry refuses them; -ENOENT: there are none; otherwise as
 * minc_pull().
 */
int minc_login(minc_transfer *t, const char *registry, const char *user,
	       const char *password);
int minc_logout(minc_transfer *t, const char *registry);

/**
 * minc_commit() - make what a container wrote a new layer of its image
 * @t: transfer, with MINC_TRANSFER_NAME, _AUTHOR, _MESSAGE, _CHANGE
 * @container: id or name of a container of the store
 * @fn: called with the image that is now in the store; may be NULL
 * @userdata: handed to @fn
 *
 * Returns 0, what @fn returned, or -ENOENT; -EINVAL: a bad change; otherwise as
 * minc_import().
 */
int minc_commit(minc_transfer *t, const char *container, minc_image_fn fn,
		void *userdata);

/**
 * minc_keygen() / minc_sign() / minc_verify() - Ed25519 or cosign's key pairs, offline
 * @t: transfer
 * @key: PEM file of the private key (sign) or public key (verify); minc_keygen() makes
 *	@key.key and @key.pub, neither of which may exist; verify with NULL: as the policy
 *	says
 * @name: image of the store
 *
 * Returns 0, or -EKEYREJECTED: no valid signature by that key; -ENOKEY: no signature or
 * no such key; -EEXIST; -EBADMSG: no key in the file; -errno.
 */
int minc_keygen(minc_transfer *t, const char *key);
int minc_sign(minc_transfer *t, const char *name, const char *key);
int minc_verify(minc_transfer *t, const char *name, const char *key);

/*
 * Containers.
 */

/**
 * minc_set_image() - an image as the container's root
 * @c: context
 * @image: image; not needed any more afterwards
 *
 * Its layers are mounted read-only below the container's overlay: by the kernel's
 * squashfs for a privileged caller, else by one FUSE server process; without /dev/fuse
 * they are unpacked to the storage directory. Its environment, user, directory and
 * command apply where @c says nothing; the command when minc_start() gets none. In a user
 * namespace with a single id calls that change owners answer success without doing it
 * (MINC_FAKE_ROOT).
 *
 * A failure stays on @c, also that of @image being NULL: minc_start() returns it.
 *
 * Returns 0, or -EINVAL, also where it has more than 500 layers or names more than 10,000
 * volumes; -ENOMEM; -EKEYREJECTED, -ENOKEY: a policy says no, see mincs-policy(5). A
 * layer that cannot be mounted fails the start.
 */
int minc_set_image(minc_ctx *c, const minc_image *image);

/**
 * minc_store_create() - a container of the store: a directory for what it writes
 * @s: store
 * @image: what it runs from; NULL: none
 * @name: unique name, or NULL
 * @note: any text that the caller wants back, or NULL: how it is to be started
 * @ret_id: on success 64 hexadecimal digits, a string for free(3)
 *
 * For minc_set_storage() take minc_kept_dir(). The image cannot be removed as
 * long as the container is there.
 *
 * Returns 0, or -EEXIST: the name is taken; -EINVAL: no such name; -errno.
 */
int minc_store_create(minc_store *s, const minc_image *image, const char *name,
		      const char *note, char **ret_id);

/** struct minc_kept - a container of the store */
typedef struct minc_kept minc_kept;

/** typedef minc_kept_fn - one container; not 0 ends minc_store_containers() */
typedef int (*minc_kept_fn)(minc_kept *k, void *userdata);

/**
 * minc_store_containers() - visit the containers of the store, oldest first
 * @s: store
 * @fn: called with a container that is freed afterwards
 * @userdata: handed to @fn
 *
 * Returns 0, what @fn returned, or -errno.
 */
int minc_store_containers(minc_store *s, minc_kept_fn fn, void *userdata);

/**
 * minc_store_container() - find a container of the store
 * @s: store
 * @name: name, id, or the beginning of an id
 * @ret: on success the container, to be freed with minc_kept_free()
 *
 * Returns 0, or -ENOENT, -ENOTUNIQ, -EBADMSG, -ENOMEM.
 */
int minc_store_container(minc_store *s, const char *name, minc_kept **ret);

/**
 * minc_kept_free() - forget a container; the store keeps it
 * @k: container or NULL
 *
 * Returns NULL.
 */
minc_kept *minc_kept_free(minc_kept *k);

/**
 * minc_kept_id() / minc_kept_name() / minc_kept_dir() / minc_kept_note() /
 * minc_kept_image() -
 *	what is known of it
 * @k: container
 *
 * The name is "" without one, the directory absolute, the note what minc_store_create()
 * got, the image the digest of a manifest, or "".
 *
 * Returns a string owned by @k.
 */
const char *minc_kept_id(const minc_kept *k);
const char *minc_kept_name(const minc_kept *k);
const char *minc_kept_dir(const minc_kept *k);
const char *minc_kept_note(const minc_kept *k);
const char *minc_kept_image(const minc_kept *k);

/**
 * minc_kept_find_image() - the image a container was made from
 * @s: store
 * @k: container of it
 * @ret: on success the image, to be freed with minc_image_free()
 *
 * A policy is asked for it by the name that it had then, which another image may have
 * now.
 *
 * Returns 0, or -ENOENT: it has none, or it is gone; -errno as minc_image_find().
 */
int minc_kept_find_image(minc_store *s, const minc_kept *k, minc_image **ret);

/** minc_kept_created_ms() - when it was made, milliseconds since the epoch
 * @k: container
 */
int64_t minc_kept_created_ms(const minc_kept *k);

/**
 * minc_store_rename() / minc_store_delete() - change or remove a container of the store
 * @s: store
 * @k: container
 * @name: new unique name
 *
 * Returns 0, or -EEXIST: the name is taken; -EBUSY: its directory is in use; -EINVAL;
 * -errno.
 */
int minc_store_rename(minc_store *s, minc_kept *k, const char *name);
int minc_store_delete(minc_store *s, minc_kept *k);

#ifdef __cplusplus
}
#endif

#endif
