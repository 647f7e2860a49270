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
 * which other tools can read, with layers/DIFFID.sqfs beside it: each layer as a squashfs
 * image, which is mounted and never unpacked. containers/ID has containers. See
 * mincs-store(5).
 *
 * Names are those of docker(1): "alpine" is docker.io/library/alpine:latest. The
 * context with which the store was opened receives the message of a failure (error.h).
 * A handle is not locked: use it from one thread at a time. Any number of processes
 * may use the directory.
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
 * minc_store_open() - open a store, or prepare a new one
 * @c: context, which must outlive the store
 * @dir: host directory; NULL: $MINCS_DIR, else MINCS_DIR= of /etc/mincs.conf, else
 *	/var/lib/mincs for root and $XDG_DATA_HOME/mincs (~/.local/share/mincs) for others
 * @ret: on success the store, to be freed with minc_store_free()
 *
 * Nothing is written until there is something to keep.
 *
 * Returns 0, or -EBADMSG: the directory holds something else, or a newer layout; -ENOSYS:
 * built without images, or the module is missing; -ENOMEM; -errno as open(2), mkdir(2).
 */
int minc_store_open(minc_ctx *c, const char *dir, minc_store **ret);

/**
 * minc_store_free() - close a store; images from it stay valid until they are freed
 * @s: store or NULL
 *
 * Returns NULL.
 */
minc_store *minc_store_free(minc_store *s);

/**
 * minc_store_path() - path of a store
 * @s: store
 *
 * Returns an absolute path owned by @s.
 */
const char *minc_store_path(const minc_store *s);

/**
 * minc_image_find() - find an image of the store
 * @s: store
 * @name: name as docker(1) takes it, with tag or digest; or an id, or its beginning
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
 * minc_image_find_platform() - find an image of the store for a platform
 * @s: store
 * @name: as minc_image_find()
 * @platform: "OS/ARCHITECTURE[/VARIANT]", such as "linux/arm64"; NULL: any
 * @ret: on success the image, to be freed with minc_image_free()
 *
 * An image for a lower variant of the architecture matches, as it runs on that machine.
 * From an index in the store, the manifest for @platform is taken. An image that does not
 * name a platform matches any.
 *
 * Returns as minc_image_find(); -ENOENT also for an image of another platform, which
 * the message names; -EINVAL also: no such platform.
 */
int minc_image_find_platform(minc_store *s, const char *name, const char *platform,
			     minc_image **ret);

/**
 * typedef minc_image_fn - one image; not 0 ends minc_image_foreach(), which returns it
 */
typedef int (*minc_image_fn)(minc_image *image, void *userdata);

/**
 * minc_image_foreach() - visit all images, newest first, once for each name
 * @s: store
 * @fn: called with an image that is freed afterwards
 * @userdata: handed to @fn
 *
 * Damaged images are left out, with a warning for minc_set_log().
 *
 * Returns 0, what @fn returned, or -errno as minc_image_find().
 */
int minc_image_foreach(minc_store *s, minc_image_fn fn, void *userdata);

/**
 * minc_image_free() - free an image; the store keeps it
 * @image: image or NULL
 *
 * Returns NULL.
 */
minc_image *minc_image_free(minc_image *image);

/**
 * minc_image_id() / minc_image_digest() / minc_image_name() - identifiers of an image
 * @image: image
 *
 * The id is the SHA-256 of its config, 64 hexadecimal digits, as in docker(1). The digest
 * is "sha256:" and the SHA-256 of its manifest, as in registries. The name is the one by
 * which it was found in the index, in the short form of docker(1), with tag or digest:
 * "alpine:3.20"; "" without a name.
 *
 * Returns a string owned by @image.
 */
const char *minc_image_id(const minc_image *image);
const char *minc_image_digest(const minc_image *image);
const char *minc_image_name(const minc_image *image);

/**
 * minc_image_platform() - platform of an image
 * @image: image
 *
 * Returns "OS/ARCHITECTURE[/VARIANT]", owned by @image; "" if the image names none.
 */
const char *minc_image_platform(const minc_image *image);

/**
 * minc_image_size() - bytes of an image's layers as they are mounted, compressed
 * @image: image
 */
uint64_t minc_image_size(const minc_image *image);

/**
 * minc_image_created_ms() - when it was made, milliseconds since the epoch; 0: not known
 * @image: image
 */
int64_t minc_image_created_ms(const minc_image *image);

/**
 * minc_image_entrypoint() / minc_image_command() - default command of an image
 * @image: image
 *
 * Returns a NULL-terminated array, maybe empty, owned by @image.
 */
const char *const *minc_image_entrypoint(const minc_image *image);
const char *const *minc_image_command(const minc_image *image);

/**
 * minc_image_stop_signal() - signal that asks the image's command to end
 * @image: image
 *
 * Returns a name such as "SIGQUIT", owned by @image; "" if the image names none.
 */
const char *minc_image_stop_signal(const minc_image *image);

/**
 * minc_image_volumes() - directories whose contents are kept apart (VOLUME)
 * @image: image
 *
 * Returns a NULL-terminated array of absolute paths, maybe empty, owned by @image.
 */
const char *const *minc_image_volumes(const minc_image *image);

/**
 * minc_image_inspect() - description of an image as JSON
 * @image: image
 * @ret: on success a JSON object, a string for free(3): "id", "digest", "names",
 *	"created", "size", "architecture", "os", "layers", "config" and "history" as in
 *	the OCI image specification
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
 * minc_image_tag() - give an image one more name, and take it from any other image
 * @s: store
 * @image: image of the store
 * @name: name; without a tag, "latest"
 *
 * Returns 0, or -EINVAL: no such name; -ENOENT: the image is gone; -EKEYREJECTED,
 * -ENOKEY: a policy says no, see mincs-policy(5); -errno as write(2).
 */
int minc_image_tag(minc_store *s, minc_image *image, const char *name);

/** enum minc_remove_flags - what minc_image_remove() may do */
enum minc_remove_flags {
	MINC_REMOVE_FORCE = 1 << 0, /* even if in use, or an id has several names */
	MINC_REMOVE_UNTAG = 1 << 1  /* only the name, even if it is the last one */
};

/** typedef minc_dependent_fn - "container" or "image", its id and its name */
typedef int (*minc_dependent_fn)(const char *kind, const char *id, const char *name,
				 void *userdata);

/**
 * minc_image_remove() - remove a name; with the last name, all that only it needs
 * @s: store
 * @name: as minc_image_find(); an id stands for all names
 * @flags: MINC_REMOVE_*
 * @fn: called for each thing that depends on it and prevents the removal; may be NULL
 * @userdata: handed to @fn
 *
 * Running containers go on: their open layers stay until they end.
 *
 * Returns 0, or -EBUSY: something depends on it; -errno as minc_image_find(), unlink(2).
 */
int minc_image_remove(minc_store *s, const char *name, unsigned flags,
		      minc_dependent_fn fn, void *userdata);

/**
 * typedef minc_removal_fn - decision about a name
 *
 * @error 0: it will be removed; -errno: it stays, and minc_error_message() says why. Any
 * result but 0 cancels the call: then every name stays.
 */
typedef int (*minc_removal_fn)(const char *name, int error, void *userdata);

/**
 * minc_images_remove() - minc_image_remove() for several names, in one change of the
 * store
 * @s: store
 * @names: NULL-terminated; each is looked up after the removal of those before it
 * @flags: MINC_REMOVE_*
 * @fn: called for each thing that depends on a name, before @each; may be NULL
 * @each: called with each name, in order, before any is removed
 * @userdata: handed to @fn and @each
 *
 * A name that stays does not prevent the removal of others. The store is locked while @fn
 * and @each run: they must not change it, nor wait for long.
 *
 * Returns 0, what @fn or @each returned, or -EINVAL: unknown flags, no @names or @each;
 * -errno as write(2): nothing was removed; -errno as unlink(2): some files are left.
 */
int minc_images_remove(minc_store *s, const char *const *names, unsigned flags,
		       minc_dependent_fn fn, minc_removal_fn each, void *userdata);

/** typedef minc_report_fn - kind, id or path, bytes (or 0), and a reason or "" */
typedef int (*minc_report_fn)(const char *what, const char *name, uint64_t bytes,
			      const char *reason, void *userdata);

/** enum minc_prune_flags - what minc_store_prune() removes besides unreferenced files */
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
 * minc_store_usage() - space that each part of the store takes
 * @s: store
 * @fn: called for each "image", "layer", "blob" and "container"; the reason is "unused"
 *	if nothing needs it, else ""
 * @userdata: handed to @fn
 *
 * Returns 0, what @fn returned, or -errno.
 */
int minc_store_usage(minc_store *s, minc_report_fn fn, void *userdata);

/** enum minc_fsck_flags - what minc_store_fsck() does */
enum minc_fsck_flags {
	MINC_FSCK_REPAIR = 1 << 0 /* convert damaged layers again, drop lost images */
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
 * minc_volume_check_name() - whether a name is valid for a volume
 * @name: a letter or digit, then letters, digits, "_", "." and "-"; at most 128 bytes
 *
 * Returns 0, or -EINVAL: the name is not valid, or NULL.
 */
int minc_volume_check_name(const char *name);

/**
 * minc_volume_create() - make a volume
 * @s: store
 * @name: see minc_volume_check_name()
 *
 * The first container that uses it copies the contents, owners and modes of its image
 * to it.
 *
 * Returns 0, or -EEXIST: the name is taken; -EINVAL: not a valid name; -ENOMEM, -errno as
 * mkdir(2).
 */
int minc_volume_create(minc_store *s, const char *name);

/**
 * minc_volume_remove() - remove a volume and all that is in it, whoever owns it
 * @s: store
 * @name: its name
 *
 * Files of subordinate ids are removed too. The call does not check whether a container
 * uses the volume.
 *
 * Returns 0, or -ENOENT: there is none; -EINVAL: not a valid name; -EACCES: files belong
 * to ids that the caller no longer has; -ENOMEM, -errno as unlink(2).
 */
int minc_volume_remove(minc_store *s, const char *name);

/*
 * Transfers: everything that brings images into a store or out of it.
 */

/**
 * minc_transfer_new() - a transfer with defaults
 * @s: store, which must outlive it
 *
 * One transfer serves for any number of calls, one after the other.
 *
 * Returns a transfer, to be freed with minc_transfer_free(), or NULL without memory.
 */
minc_transfer *minc_transfer_new(minc_store *s);

/**
 * minc_transfer_free() - free a transfer
 * @t: transfer or NULL
 *
 * Returns NULL.
 */
minc_transfer *minc_transfer_free(minc_transfer *t);

/** enum minc_transfer_option - texts that minc_transfer_set() sets */
enum minc_transfer_option {
	/* name of an imported image, instead of the one it brings */
	MINC_TRANSFER_NAME = 1,
	MINC_TRANSFER_PLATFORM = 2, /* "linux/arm64/v8"; default: this machine's */
	/* of an export: "oci" "oci-archive" "docker-archive" "tar" "dir" "squashfs" */
	MINC_TRANSFER_FORMAT = 3,
	MINC_TRANSFER_USER = 4, /* credentials of a registry: "USER:PASSWORD" */
	MINC_TRANSFER_AUTHFILE =
		5, /* file of credentials, instead of the default files */
	MINC_TRANSFER_CERT_DIR = 6, /* directory with ca.crt, client.cert, client.key */
	MINC_TRANSFER_AUTHOR = 7,   /* of a commit */
	MINC_TRANSFER_MESSAGE = 8,  /* of a commit, or an import of a root file system */
	/* of the same: "ENV A=B", as docker commit --change; each call adds one */
	MINC_TRANSFER_CHANGE = 9,
	MINC_TRANSFER_SIGN_KEY = 10, /* key that signs each pushed or committed image */
	MINC_TRANSFER_POLICY = 11,   /* policy file; default: see mincs-policy(5) */
	/*
	 * "HOST[:PORT]" of a token server that may see the credentials, as the
	 * registry may
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
	MINC_TRANSFER_INSECURE = 1,    /* 1: plain HTTP, or TLS that is not verified */
	MINC_TRANSFER_FOREIGN = 2,     /* 1: follow URLs of foreign layers */
	MINC_TRANSFER_MAX_BYTES = 3,   /* most unpacked bytes of a call; 0: no limit */
	MINC_TRANSFER_MAX_ENTRIES = 4, /* most files of a call; 0: no limit */
	MINC_TRANSFER_THREADS = 5,     /* 0: one for each CPU */
	MINC_TRANSFER_RETRIES = 6      /* of a failed request; default 3 */
};

/**
 * minc_transfer_set_number() - set a number
 * @t: transfer
 * @option: one of enum minc_transfer_number
 * @value: in the unit that is named there
 *
 * Returns 0, or -EINVAL: unknown option or value out of range.
 */
int minc_transfer_set_number(minc_transfer *t, enum minc_transfer_number option,
			     uint64_t value);

/**
 * typedef minc_progress_fn - progress of a part of a transfer
 *
 * @what names the part, such as "blob 5f70bf18a086" or "layer 5f70bf18a086". @done and
 * @total are bytes, @total is 0 if unknown. Called a few times per second in the thread
 *	of the
 * transfer. Any
 * result but 0 cancels the transfer, which then returns -ECANCELED.
 */
typedef int (*minc_progress_fn)(const char *what, uint64_t done, uint64_t total,
				void *userdata);

/**
 * minc_transfer_set_progress() - receive progress, and be able to cancel
 * @t: transfer
 * @fn: function, or NULL for none
 * @userdata: handed to @fn
 */
void minc_transfer_set_progress(minc_transfer *t, minc_progress_fn fn, void *userdata);

/**
 * minc_import() - take images from files
 * @t: transfer
 * @source: directory (a root file system, or an OCI image layout), or a file (tar of a
 *	root file system, docker-archive, OCI archive, squashfs or erofs image, the tars
 *	also compressed by gzip, zstd, xz or bzip2); "-": standard input. The content
 *	decides which of these it is
 * @fn: called with each image that is now in the store; may be NULL
 * @userdata: handed to @fn
 *
 * All or nothing: after a failure the store is as before.
 *
 * Returns 0, what @fn returned, or -EBADMSG: damaged, hostile or unknown content;
 * -EOVERFLOW: more than MINC_TRANSFER_MAX_BYTES or _MAX_ENTRIES; -ECANCELED: the progress
 * function said so; -ENOSPC and others of open(2), write(2).
 */
int minc_import(minc_transfer *t, const char *source, minc_image_fn fn, void *userdata);

/**
 * minc_export() - write images to a file or directory
 * @t: transfer, with MINC_TRANSFER_FORMAT
 * @names: images, NULL-terminated; more than one only for "docker-archive" and "oci"
 * @target: path, which must not exist; "-": standard output
 *
 * Returns 0, or -EEXIST: @target exists; -EINVAL: the format does not allow this; -errno
 * as minc_image_find(), write(2).
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
 * refused; -EBADMSG: the content does not match its digest, or is hostile; -ETIMEDOUT,
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
 * Blobs that the registry has are not sent; layers in another repository of the registry
 * are mounted from there. An image that came from a registry keeps its digests.
 *
 * Returns 0, or as minc_pull().
 */
int minc_push(minc_transfer *t, const char *name, const char *target);

/**
 * minc_login() / minc_logout() - keep credentials for a registry, or remove them
 * @t: transfer
 * @registry: host or host:port; "docker.io" for Docker Hub
 * @user: user
 * @password: password or token; the registry is asked before it is kept
 *
 * Kept where docker(1) and podman(1) find them, or by the credential helper that their
 * configuration names.
 *
 * Returns 0, or -EACCES: the registry refuses them; -ENOENT: there are none; otherwise as
 * minc_pull().
 */
int minc_login(minc_transfer *t, const char *registry, const char *user,
	       const char *password);
int minc_logout(minc_transfer *t, const char *registry);

/**
 * minc_commit() - make a new image of a container: its image and a layer with its changes
 * @t: transfer, with MINC_TRANSFER_NAME, _AUTHOR, _MESSAGE, _CHANGE
 * @container: id or name of a container of the store
 * @fn: called with the image that is now in the store; may be NULL
 * @userdata: handed to @fn
 *
 * Returns 0, what @fn returned, or -ENOENT: no such container; -EINVAL: a bad change;
 * otherwise as minc_import().
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
 * no such key; -EEXIST: a key file exists; -EBADMSG: no key in the file; -errno as
 * minc_image_find(), open(2).
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
 * @image: image; may be freed afterwards
 *
 * Its layers are mounted read-only below the container's overlay: by the kernel's
 * squashfs for a privileged caller, else by one FUSE server process; without /dev/fuse
 * they are unpacked to the storage directory. Its environment, user, directory and
 * command apply where @c sets none; the command, when minc_start() gets none. In a user
 * namespace with a single id, calls that change owners report success and do nothing
 * (MINC_FAKE_ROOT).
 * A failure stays on @c: minc_start() returns it.
 *
 * Returns 0, or -EINVAL: @image is NULL, has more than 500 layers, or names more than
 * 10,000 volumes; -ENOMEM; -EKEYREJECTED, -ENOKEY: a policy says no, see
 * mincs-policy(5). A layer that cannot be mounted fails the start.
 */
int minc_set_image(minc_ctx *c, const minc_image *image);

/**
 * minc_store_create() - make a container of the store: a directory for its changes
 * @s: store
 * @image: what it runs from; NULL: none
 * @name: unique name, or NULL
 * @note: any text for the caller, such as how to start it, or NULL; see minc_kept_note()
 * @ret_id: on success 64 hexadecimal digits, a string for free(3)
 *
 * Pass minc_kept_dir() to minc_set_storage(). The image cannot be removed while the
 * container exists.
 *
 * Returns 0, or -EEXIST: the name is taken; -EINVAL: not a valid name; -ENOMEM; -errno as
 * mkdir(2).
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
 * Returns 0, what @fn returned, or -errno as open(2).
 */
int minc_store_containers(minc_store *s, minc_kept_fn fn, void *userdata);

/**
 * minc_store_container() - find a container of the store
 * @s: store
 * @name: name, id, or the beginning of an id
 * @ret: on success the container, to be freed with minc_kept_free()
 *
 * Returns 0, or -ENOENT: there is none; -ENOTUNIQ: an ambiguous prefix; -EBADMSG: its
 * files are damaged; -ENOMEM.
 */
int minc_store_container(minc_store *s, const char *name, minc_kept **ret);

/**
 * minc_kept_free() - free a container; the store keeps it
 * @k: container or NULL
 *
 * Returns NULL.
 */
minc_kept *minc_kept_free(minc_kept *k);

/**
 * minc_kept_id() / minc_kept_name() / minc_kept_dir() / minc_kept_note() /
 * minc_kept_image() - parts of a container of the store
 * @k: container
 *
 * The name is "" if there is none. The directory is absolute. The note is that of
 * minc_store_create(). The image is the digest of a manifest, or "".
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
 * A policy applies by the name that the image had then, which another image may have
 * now.
 *
 * Returns 0, or -ENOENT: the container has no image, or it was removed; -errno as
 * minc_image_find().
 */
int minc_kept_find_image(minc_store *s, const minc_kept *k, minc_image **ret);

/**
 * minc_kept_created_ms() - when it was made, milliseconds since the epoch
 * @k: container
 */
int64_t minc_kept_created_ms(const minc_kept *k);

/**
 * minc_store_rename() / minc_store_delete() - change or remove a container of the store
 * @s: store
 * @k: container
 * @name: new unique name
 *
 * Returns 0, or -EEXIST: the name is taken; -EBUSY: its directory is in use; -EINVAL:
 * not a valid name; -errno as rename(2), unlink(2).
 */
int minc_store_rename(minc_store *s, minc_kept *k, const char *name);
int minc_store_delete(minc_store *s, minc_kept *k);

#ifdef __cplusplus
}
#endif

#endif
