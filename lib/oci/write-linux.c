/* SPDX-License-Identifier: MIT */
/* write-linux - "mounts" and "linux" of a config.json. */
#include <minc/container.h>
#include <string.h>

#include "base/str.h"
#include "oci/standard.h"
#include "oci/write.h"

static void append_mount(struct writer *w, json_t *mounts, json_t *destination,
			 const char *type, json_t *source, json_t *options)
{
	json_t *mount = json_object();

	write_put(w, mount, "destination", destination);
	write_put(w, mount, "type", json_string(type));
	write_put(w, mount, "source", source);
	write_put(w, mount, "options", options);
	write_append(w, mounts, mount);
}

static void write_sys(struct writer *w, json_t *mounts, const struct oci_api_mount *a)
{
	const bool privileged = spec_flag(w->s, MINC_PRIVILEGED);
	/* sysfs shows the network: only its owner can mount it */
	const bool bind = w->in_userns && w->s->net == SPEC_NET_HOST;
	json_t *options = json_array();

	if (bind)
		write_append(w, options, json_string("rbind"));
	for (const char *const *o = a->options; *o; o++)
		if (!privileged || !str_equal(*o, "ro"))
			write_append(w, options, json_string(*o));
	append_mount(w, mounts, json_string(a->destination), bind ? "bind" : a->type,
		     json_string(bind ? "/sys" : a->source), options);
}

static void write_api_mounts(struct writer *w, json_t *mounts)
{
	for (size_t i = 0; i < oci_api_mounts_len; i++) {
		const struct oci_api_mount *a = &oci_api_mounts[i];

		if (w->s->image.layers_len && str_equal(a->destination, "/tmp"))
			continue; /* the image's own, unless it has none */
		if (str_equal(a->destination, "/sys"))
			write_sys(w, mounts, a);
		else
			append_mount(w, mounts, json_string(a->destination), a->type,
				     json_string(a->source), write_texts(w, a->options));
	}
	if (spec_flag(w->s, MINC_DEBUGFS))
		append_mount(w, mounts, json_string("/sys/kernel/debug"), "debugfs",
			     json_string("debugfs"), json_array());
}

static void write_bind(struct writer *w, json_t *mounts, const struct spec_mount *m)
{
	const char *options[8] = { "rbind", "rprivate" };
	size_t n = 2;

	if (m->flags & MINC_BIND_RDONLY)
		options[n++] = "ro";
	if (!(m->flags & MINC_BIND_DEV))
		options[n++] = "nodev";
	if (!(m->flags & MINC_BIND_SUID))
		options[n++] = "nosuid";
	if (m->flags & MINC_BIND_NOEXEC)
		options[n++] = "noexec";
	append_mount(w, mounts, m->dst ? write_text(w, m->dst) : write_path(w, m->src),
		     "bind", write_path(w, m->src), write_texts(w, options));
}

static void write_tmpfs(struct writer *w, json_t *mounts, const struct spec_mount *m)
{
	json_t *options =
		write_texts(w, (const char *const[]){ "nosuid", "nodev", NULL });

	write_append(w, options, write_format(w, "mode=%o", m->mode));
	if (m->size_bytes)
		write_append(w, options,
			     write_format(w, "size=%llu",
					  (unsigned long long)m->size_bytes));
	if (m->flags & MINC_TMPFS_RDONLY)
		write_append(w, options, json_string("ro"));
	if (m->flags & MINC_TMPFS_NOEXEC)
		write_append(w, options, json_string("noexec"));
	if (m->owned) {
		write_append(w, options, write_format(w, "uid=%u", m->uid));
		write_append(w, options, write_format(w, "gid=%u", m->gid));
	}
	append_mount(w, mounts, write_text(w, m->dst), "tmpfs", json_string("tmpfs"),
		     options);
}

void write_mounts(struct writer *w, json_t *top)
{
	json_t *mounts = json_array();

	write_api_mounts(w, mounts);
	for (const struct spec_mount *m = w->s->mounts; m; m = m->next)
		if (m->src)
			write_bind(w, mounts, m);
		else
			write_tmpfs(w, mounts, m);
	write_put(w, top, "mounts", mounts);
}

static void write_map(struct writer *w, json_t *linux_object, const char *key,
		      uint32_t inside, uint32_t outside)
{
	json_t *map = json_object(), *list = json_array();

	write_put(w, map, "containerID", json_integer(inside));
	write_put(w, map, "hostID", json_integer(outside));
	write_put(w, map, "size", json_integer(1));
	write_append(w, list, map);
	write_put(w, linux_object, key, list);
}

static void write_namespaces(struct writer *w, json_t *linux_object)
{
	const char *types[7] = { "pid", "mount", "ipc", "uts" };
	json_t *list = json_array();
	size_t n = 4;

	if (w->s->net == SPEC_NET_OWN)
		types[n++] = "network";
	if (w->in_userns)
		types[n++] = "user";
	types[n++] = "cgroup";
	for (size_t i = 0; i < n; i++) {
		json_t *ns = json_object();

		write_put(w, ns, "type", json_string(types[i]));
		write_append(w, list, ns);
	}
	write_put(w, linux_object, "namespaces", list);
}

/*
 * Subordinate ids are for the one who starts the container: the map has only the caller,
 * which is less than "range" and never more.
 */
static void write_userns(struct writer *w, json_t *linux_object)
{
	static const char *const notes[] = { [SPEC_USERNS_AUTO] = "auto",
					     [SPEC_USERNS_SINGLE] = "single",
					     [SPEC_USERNS_RANGE] = "range" };
	uint32_t uid, gid;

	if (w->s->userns != SPEC_USERNS_HOST)
		write_note(w, OCI_NOTE_USERNS, notes[w->s->userns]);
	if (!w->in_userns)
		return;
	write_ids(w, &uid, &gid);
	write_map(w, linux_object, "uidMappings", uid, w->h->uid);
	write_map(w, linux_object, "gidMappings", gid, w->h->gid);
}

static void write_seccomp(struct writer *w)
{
	const char *profile = w->s->seccomp;

	if (!profile || str_equal(profile, "default"))
		write_note(w, OCI_NOTE_SECCOMP, "default");
	else if (!str_equal(profile, "unconfined"))
		write_put(w, w->notes, OCI_NOTE_SECCOMP, write_path(w, profile));
}

void write_linux(struct writer *w, json_t *top)
{
	json_t *linux_object = json_object();

	write_namespaces(w, linux_object);
	write_userns(w, linux_object);
	if (w->s->net_if)
		write_note(w, OCI_NOTE_INTERFACE, w->s->net_if);
	if (!spec_flag(w->s, MINC_PRIVILEGED)) {
		write_put(w, linux_object, "maskedPaths",
			  write_texts(w, oci_masked_paths));
		write_put(w, linux_object, "readonlyPaths",
			  write_texts(w, oci_readonly_paths));
	}
	write_seccomp(w);
	write_resources(w, linux_object);
	write_put(w, top, "linux", linux_object);
}
