/* SPDX-License-Identifier: MIT */
/* change - see minc/change.h. */
#include "change/change.h"

#include <errno.h>
#include <string.h>

#include "api/api.h"

MINC_EXPORT int minc_changes_open(minc_ctx *c, const char *storage, const char *base,
				  minc_changes **ret)
{
	int r;

	if (!c || !storage || !ret)
		return -EINVAL;
	r = api_begin(c);
	return r < 0 ? r : changes_open(c, storage, base, ret);
}

MINC_EXPORT minc_changes *minc_changes_free(minc_changes *chs)
{
	return changes_free(chs);
}

MINC_EXPORT int minc_changes_only(minc_changes *chs, const char *path)
{
	return chs ? changes_choose(chs, false, path) : -EINVAL;
}

MINC_EXPORT int minc_changes_exclude(minc_changes *chs, const char *path)
{
	return chs ? changes_choose(chs, true, path) : -EINVAL;
}

MINC_EXPORT int minc_changes_set_flag(minc_changes *chs, enum minc_changes_flag flag,
				      int on)
{
	return chs ? changes_set_flag(chs, flag, on) : -EINVAL;
}

MINC_EXPORT int minc_diff(minc_changes *chs, minc_change_fn fn, void *userdata)
{
	return chs ? changes_diff(chs, fn, userdata) : -EINVAL;
}

MINC_EXPORT int minc_changes_can_apply(minc_changes *chs)
{
	return chs ? changes_can_apply(chs) : -EINVAL;
}

MINC_EXPORT int minc_apply(minc_changes *chs, minc_change_fn fn, void *userdata)
{
	return chs ? changes_apply(chs, fn, userdata) : -EINVAL;
}

MINC_EXPORT int minc_change_kind(const minc_change *ch)
{
	return ch ? (int)ch->kind : -EINVAL;
}

MINC_EXPORT const char *minc_change_path(const minc_change *ch)
{
	return ch ? ch->path : NULL;
}

MINC_EXPORT unsigned minc_change_what(const minc_change *ch)
{
	return ch ? ch->what : 0;
}

static const struct stat *side_of(const minc_change *ch, enum minc_change_side side)
{
	static const struct stat nothing;

	if (!ch || (side != MINC_BEFORE && side != MINC_AFTER))
		return &nothing;
	return &ch->side[side];
}

MINC_EXPORT uint32_t minc_change_mode(const minc_change *ch, enum minc_change_side side)
{
	return side_of(ch, side)->st_mode;
}

MINC_EXPORT uint32_t minc_change_uid(const minc_change *ch, enum minc_change_side side)
{
	return side_of(ch, side)->st_uid;
}

MINC_EXPORT uint32_t minc_change_gid(const minc_change *ch, enum minc_change_side side)
{
	return side_of(ch, side)->st_gid;
}

MINC_EXPORT uint64_t minc_change_size(const minc_change *ch, enum minc_change_side side)
{
	return (uint64_t)side_of(ch, side)->st_size;
}

MINC_EXPORT const char *minc_change_target(const minc_change *ch,
					   enum minc_change_side side)
{
	if (!ch || (side != MINC_BEFORE && side != MINC_AFTER))
		return NULL;
	return ch->target[side];
}

MINC_EXPORT const char *minc_change_xattr(const minc_change *ch, unsigned n)
{
	size_t at = 0;

	for (; ch && at < ch->xattrs.len; n--, at += strlen(ch->xattrs.text + at) + 1)
		if (n == 0)
			return ch->xattrs.text + at;
	return NULL;
}

MINC_EXPORT int minc_change_error(const minc_change *ch)
{
	return ch ? ch->error : 0;
}

MINC_EXPORT const char *minc_change_reason(const minc_change *ch)
{
	return ch && ch->reason ? ch->reason : "";
}
