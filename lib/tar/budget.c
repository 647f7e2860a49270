/* SPDX-License-Identifier: MIT */
/* budget - see budget.h. */
#include "tar/budget.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXTENTS_MAX = 10000 };

void budget_init(struct budget *b, const uint64_t *max_bytes, const uint64_t *max_entries)
{
	*b = (struct budget){ .max_bytes = max_bytes ? *max_bytes : 0,
			      .max_entries = max_entries ? *max_entries : 0,
			      .guards_bytes = !max_bytes,
			      .guards_entries = !max_entries };
	snprintf(b->over_bytes, sizeof(b->over_bytes),
		 "more than %llu bytes unpacked (--max-bytes)",
		 (unsigned long long)b->max_bytes);
	snprintf(b->over_entries, sizeof(b->over_entries),
		 "more than %llu files (--max-entries)",
		 (unsigned long long)b->max_entries);
	(void)pthread_mutex_init(&b->lock, NULL);  /* cannot fail with these attributes */
	(void)pthread_mutex_init(&b->alone, NULL); /* the same */
}

void budget_done(struct budget *b)
{
	pthread_mutex_destroy(&b->lock);
	pthread_mutex_destroy(&b->alone);
}

/* What @now is more than @before: the highest so far is kept in @before. */
static uint64_t growth(uint64_t *before, uint64_t now)
{
	const uint64_t more = now > *before ? now - *before : 0;

	*before += more;
	return more;
}

static uint64_t beyond(uint64_t n, uint64_t allowed)
{
	return n > allowed ? n - allowed : 0;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	uint64_t ret;

	return __builtin_add_overflow(a, b, &ret) ? UINT64_MAX : ret;
}

static uint64_t explained(uint64_t in)
{
	uint64_t ret;

	return __builtin_mul_overflow(in, (uint64_t)BUDGET_RATIO, &ret) ? UINT64_MAX
									: ret;
}

static const char *over_bytes(const struct budget *b)
{
	if (b->max_bytes && b->bytes > b->max_bytes)
		return b->over_bytes;
	if (!b->guards_bytes)
		return NULL;
	/* what is compressed twice, or has holes, must be explained by what came */
	if (b->over > BUDGET_FLOOR ||
	    (b->source && b->bytes > sum(BUDGET_FLOOR, explained(b->source))))
		return "unpacks to more than 100 times its size and 2 GiB, "
		       "which needs --max-bytes";
	return NULL;
}

static const char *over_entries(const struct budget *b)
{
	if (b->max_entries && b->entries > b->max_entries)
		return b->over_entries;
	if (b->guards_entries && b->entries_over > BUDGET_FILES)
		return "more than a million files or ten thousand images, and more than its size "
		       "explains, which needs --max-entries";
	return NULL;
}

const char *budget_unpacked(struct budget_stream *s, uint64_t in, uint64_t more,
			    bool content)
{
	struct budget *b = s->budget;
	const char *ret;

	if (!b)
		return NULL;
	pthread_mutex_lock(&b->lock);
	(void)growth(&s->in, in);
	s->out = sum(s->out, more);
	if (content)
		b->bytes = sum(b->bytes, more);
	b->over = sum(b->over, growth(&s->over, beyond(s->out, explained(s->in))));
	ret = over_bytes(b);
	pthread_mutex_unlock(&b->lock);
	return ret;
}

const char *budget_entries(struct budget_stream *s, uint64_t more)
{
	struct budget *b = s->budget;
	const char *ret;

	if (!b)
		return NULL;
	pthread_mutex_lock(&b->lock);
	s->entries += more;
	b->entries += more;
	b->entries_over +=
		growth(&s->entries_over, beyond(s->entries, s->in / BUDGET_FILE_BYTES));
	ret = over_entries(b);
	pthread_mutex_unlock(&b->lock);
	return ret;
}

const char *budget_foresee(struct budget *b, uint64_t in, uint64_t bytes,
			   uint64_t entries)
{
	uint64_t kept[4];
	const char *ret;

	if (!b)
		return NULL;
	pthread_mutex_lock(&b->lock);
	memcpy(kept, (const uint64_t[]){ b->bytes, b->over, b->entries, b->entries_over },
	       sizeof(kept));
	b->bytes = sum(b->bytes, bytes);
	b->over = sum(b->over, beyond(bytes, explained(in)));
	b->entries += entries;
	b->entries_over += beyond(entries, in / BUDGET_FILE_BYTES);
	ret = over_bytes(b);
	if (!ret)
		ret = over_entries(b);
	b->bytes = kept[0];
	b->over = kept[1];
	b->entries = kept[2];
	b->entries_over = kept[3];
	pthread_mutex_unlock(&b->lock);
	return ret;
}

const char *budget_images(struct budget *b, uint64_t n)
{
	const char *ret;

	if (!b)
		return NULL;
	pthread_mutex_lock(&b->lock);
	b->images = sum(b->images, n);
	b->entries_over = sum(b->entries_over, n * BUDGET_IMAGE_FILES);
	ret = over_entries(b);
	if (!ret && b->max_entries && b->images > BUDGET_IMAGES &&
	    b->images > b->max_entries / BUDGET_IMAGE_FILES)
		ret = "more than a thousand images, and than one for each hundred files (--max-entries)";
	pthread_mutex_unlock(&b->lock);
	return ret;
}

void budget_alone(struct budget *b)
{
	if (b)
		pthread_mutex_lock(&b->alone);
}

void budget_shared(struct budget *b)
{
	if (b)
		pthread_mutex_unlock(&b->alone);
}

uint64_t budget_data_of(int fd, uint64_t size)
{
	const off_t kept = lseek(fd, 0, SEEK_CUR);
	uint64_t ret = 0;
	off_t at = 0, end;

	for (int i = 0; i < EXTENTS_MAX; i++) {
		at = lseek(fd, at, SEEK_DATA);
		if (at < 0 && errno != ENXIO)
			ret = size; /* this file system cannot tell */
		end = at < 0 ? -1 : lseek(fd, at, SEEK_HOLE);
		if (end < 0)
			break;
		ret += (uint64_t)(end - at);
		at = end;
	}
	if (kept >= 0)
		(void)lseek(fd, kept, SEEK_SET); /* where it was */
	return ret < size ? ret : size;
}
