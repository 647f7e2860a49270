/* SPDX-License-Identifier: MIT */
/* monitor-log - see monitor-log.h. */
#include "live/monitor-log.h"

#include <errno.h>
#include <stdbool.h>

#include "base/sys.h"
#include "live/monitor-clock.h"
#include "live/monitor.h"

void monitor_log_init(struct monitor_log *l)
{
	l->log = l->index = -1;
}

static int open_fresh(const char *name)
{
	return sys_openat(MONITOR_STATE, name,
			  O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, 0600);
}

void monitor_log_open(struct monitor_log *l)
{
	l->log = open_fresh(LOG_NAME);
	l->index = open_fresh(LOG_INDEX_NAME);
	l->size = l->index_size = 0;
	l->entry.stream = 0; /* so that the first piece gets an entry */
}

static void rotate(struct monitor_log *l)
{
	(void)sys_close(l->log);
	(void)sys_close(l->index);
	(void)sys_call(SYS_renameat2, MONITOR_STATE, LOG_INDEX_NAME, MONITOR_STATE,
		       LOG_INDEX_NAME LOG_OLD_SUFFIX, 0);
	(void)sys_call(SYS_renameat2, MONITOR_STATE, LOG_NAME, MONITOR_STATE,
		       LOG_NAME LOG_OLD_SUFFIX, 0);
	monitor_log_open(l);
}

static void lose(struct monitor_log *l, size_t len)
{
	l->lost += len;
	l->lost_before = l->lost_before > UINT32_MAX - len
				 ? UINT32_MAX
				 : l->lost_before + (uint32_t)len;
}

static bool write_entry(struct monitor_log *l, unsigned stream)
{
	struct log_entry e = { .offset = l->size,
			       .time_ns = now(CLOCK_REALTIME),
			       .stream = stream,
			       .lost = l->lost_before };

	if (l->entry.stream == stream && !e.lost &&
	    e.time_ns - l->entry.time_ns < LOG_ENTRY_NS)
		return true;
	if (sys_write(l->index, &e, sizeof(e)) != sizeof(e)) {
		/* half an entry would shift all that follow */
		(void)sys_call(SYS_ftruncate, l->index, l->index_size, 0, 0, 0);
		return false;
	}
	l->index_size += sizeof(e);
	l->entry = e;
	l->lost_before = 0;
	return true;
}

void monitor_log_write(struct monitor_log *l, unsigned stream, const char *data,
		       size_t len)
{
	size_t done = 0;

	/* a writer of single bytes fills the index faster than the log */
	if (l->log < 0 || l->index < 0 || l->index_size >= l->max ||
	    (l->size && l->size + len > l->max))
		/* also when it could not be opened: the disk may have been full */
		rotate(l);
	if (!write_entry(l, stream)) {
		lose(l, len);
		return;
	}
	while (done < len) {
		long n = sys_write(l->log, data + done, len - done);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	l->size += done;
	if (done < len)
		lose(l, len - done);
}

void monitor_log_end(struct monitor_log *l, unsigned stream)
{
	if (l->lost_before)
		/* it would have said so before the next text */
		(void)write_entry(l, stream);
}
