/* SPDX-License-Identifier: MIT */
/*
 * module - see module.h. A module is a shared object with its own copies of what it needs
 * from base and plan, so it sees no symbol of the library; in a static build its
 * functions are found in a table instead.
 */
#include "base/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The option of meson that leaves a module out, and what it needs: none is always there.
 */
static const struct {
	const char *name, *option, *library;
} modules[] = {
	{ "seccomp", "seccomp", "libseccomp, and jansson for profiles" },
	{ "oci", "oci", "jansson" },
	{ "image", "image", "jansson" },
	{ "import", "import", "libarchive, liblzma, libsquashfs, OpenSSL and jansson" },
	{ "minc-fuse", "import", "libsquashfs" },
	{ "registry", "registry", "libcurl, OpenSSL and jansson" },
};

/* Fill @ret with the reason why @name may be missing; false if it is never left out. */
static bool left_out(const char *name, char *ret, size_t len)
{
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		if (strcmp(modules[i].name, name) != 0)
			continue;
		snprintf(ret, len,
			 "libminc was built without the option %s, which needs %s",
			 modules[i].option, modules[i].library);
		return true;
	}
	return false;
}

static const char *module_dir(void)
{
	const char *dir = secure_getenv("MINC_MODULE_DIR");

	return dir && *dir ? dir : MINC_MODULEDIR;
}

static void hint_missing(const char *name, struct err *e)
{
	char why[160];

	if (left_out(name, why, sizeof(why)))
		err_hint(e,
			 "%s, or its modules are elsewhere: MINC_MODULE_DIR names their "
			 "directory",
			 why);
	else
		err_hint(
			e,
			"the modules of libminc are elsewhere: MINC_MODULE_DIR names their "
			"directory");
}

int module_program(const char *name, struct err *e, char *ret, size_t len)
{
	int n = snprintf(ret, len, "%s/%s", module_dir(), name);

	if (n < 0 || (size_t)n >= len)
		return err_set(e, -ENAMETOOLONG, "%s", name);
	if (access(ret, X_OK) == 0)
		return 0;
	err_say(e, -ENOSYS, "%s: %s is missing", name, ret);
	hint_missing(name, e);
	return -ENOSYS;
}

#ifdef MINC_STATIC_MODULES

/*
 * base knows none of the rooms above it: only that the linker does. lib/meson.build says
 * which of them are linked in. The asm names keep the real types out of this file.
 */
typedef void any_fn(void);

extern any_fn static_caps_number __asm__("caps_number");
extern any_fn static_caps_name __asm__("caps_name");
extern any_fn static_mount_table __asm__("mount_table");
#ifdef MINC_STATIC_SECCOMP
extern any_fn static_seccomp_for_caps __asm__("seccomp_for_caps");
#endif
#ifdef MINC_STATIC_PROFILES
extern any_fn static_seccomp_from_file __asm__("seccomp_from_file");
#endif
#ifdef MINC_STATIC_OCI
extern any_fn static_oci_config_load __asm__("oci_config_load");
extern any_fn static_oci_config_write __asm__("oci_config_write");
extern any_fn static_oci_state_load __asm__("oci_state_load");
extern any_fn static_oci_inspect __asm__("oci_inspect");
#endif
/* tables, not functions: only their addresses are taken */
#ifdef MINC_STATIC_IMAGE
extern any_fn static_image_ops __asm__("image_ops");
#endif
#ifdef MINC_STATIC_IMPORT
extern any_fn static_import_ops __asm__("import_ops");
extern any_fn static_lower_ops __asm__("lower_ops");
extern any_fn static_image_file_read __asm__("image_file_read");
#endif
#ifdef MINC_STATIC_REGISTRY
extern any_fn static_registry_ops __asm__("registry_ops");
#endif

static const struct {
	const char *name, *symbol;
	any_fn *address;
} linked_in[] = {
	{ "caps", "caps_number", static_caps_number },
	{ "caps", "caps_name", static_caps_name },
	{ "mounts", "mount_table", static_mount_table },
#ifdef MINC_STATIC_SECCOMP
	{ "seccomp", "seccomp_for_caps", static_seccomp_for_caps },
#endif
#ifdef MINC_STATIC_PROFILES
	{ "seccomp", "seccomp_from_file", static_seccomp_from_file },
#endif
#ifdef MINC_STATIC_OCI
	{ "oci", "oci_config_load", static_oci_config_load },
	{ "oci", "oci_config_write", static_oci_config_write },
	{ "oci", "oci_state_load", static_oci_state_load },
	{ "oci", "oci_inspect", static_oci_inspect },
#endif
#ifdef MINC_STATIC_IMAGE
	{ "image", "image_ops", static_image_ops },
#endif
#ifdef MINC_STATIC_IMPORT
	{ "import", "import_ops", static_import_ops },
	{ "import", "lower_ops", static_lower_ops },
	{ "import", "image_file_read", static_image_file_read },
#endif
#ifdef MINC_STATIC_REGISTRY
	{ "registry", "registry_ops", static_registry_ops },
#endif
	{ NULL, NULL, NULL },
};

int module_symbol(const char *name, const char *symbol, struct err *e, void **ret)
{
	char why[160];

	for (size_t i = 0; linked_in[i].name; i++) {
		if (strcmp(linked_in[i].name, name) ||
		    strcmp(linked_in[i].symbol, symbol))
			continue;
		*ret = (void *)linked_in[i].address;
		return 0;
	}
	if (!left_out(name, why, sizeof(why)))
		return err_say(e, -ENOSYS, "module %s: no %s", name, symbol);
	return err_say(e, -ENOSYS, "module %s: %s", name, why);
}

#else

int module_symbol(const char *name, const char *symbol, struct err *e, void **ret)
{
	char path[PATH_MAX];
	void *handle, *address;
	int n;

	n = snprintf(path, sizeof(path), "%s/minc-%s.so", module_dir(), name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(e, -ENAMETOOLONG, "module %s", name);
	if (access(path, F_OK) < 0) {
		err_say(e, -ENOSYS, "module %s: %s is missing", name, path);
		hint_missing(name, e);
		return -ENOSYS;
	}
	/* Never closed: the next plan wants it, and its symbols may be in use. */
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) /* a library that is missing is named by the loader */
		return err_say(e, -ENOSYS, "module %s: %s", name, dlerror());
	address = dlsym(handle, symbol);
	if (!address)
		return err_say(
			e, -ENOSYS,
			"module %s: %s has no %s: another version, or built without %s",
			name, path, symbol, strcmp(name, "seccomp") ? "it" : "jansson");
	*ret = address;
	return 0;
}

#endif
