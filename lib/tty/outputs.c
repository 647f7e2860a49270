/* SPDX-License-Identifier: MIT */
/* outputs - see outputs.h. */
#include "tty/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/fd.h"
#include "tty/tty-rows.h"

static const struct held_ops pipe_ops = { .release = held_close };

struct held *hold_pipe(struct held_list *l, const struct step *s)
{
	const struct step_pipe *d = s->data;
	struct held *h = held_add(l, &pipe_ops, d->ret_read);

	if (h)
		h->number = d->fd;
	return h;
}

bool outputs_are_held(const struct held_list *l)
{
	for (size_t i = 0; i < l->len; i++)
		if (l->list[i].ops == &pipe_ops)
			return true;
	return false;
}

void outputs_begin(struct outputs *o, struct held_list *l)
{
	o->failed = 0;
	o->broken = false;
	for (int i = 0; i < OUTPUTS; i++)
		o->list[i] = (struct output){ .from = -EBADF, .to = STDOUT_FILENO + i };
	for (size_t i = 0; i < l->len; i++) {
		struct held *h = &l->list[i];
		struct output *out;

		if (h->ops != &pipe_ops)
			continue;
		out = &o->list[h->number - STDOUT_FILENO];
		out->from = take_fd(&h->fd);
		held_close(h);
		/* our own end: nobody shares it */
		(void)fcntl(out->from, F_SETFL, O_NONBLOCK);
	}
}

void outputs_watch(const struct outputs *o, struct pollfd p[OUTPUTS])
{
	for (int i = 0; i < OUTPUTS; i++) {
		const struct output *out = &o->list[i];

		p[i] = out->len ? (struct pollfd){ out->to, POLLOUT, 0 }
				: (struct pollfd){ out->from, POLLIN, 0 };
	}
}

static void fill(struct output *out, char data[OUTPUT_BYTES])
{
	const ssize_t n = read(out->from, data, OUTPUT_BYTES);

	out->start = 0;
	out->len = n > 0 ? (size_t)n : 0;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		fd_closep(&out->from);
}

/* A pipe that is ready takes PIPE_BUF bytes without waiting. */
static void empty(struct outputs *o, struct output *out, const char *data)
{
	const size_t len = out->len < PIPE_BUF ? out->len : PIPE_BUF;
	const ssize_t n = write(out->to, data + out->start, len);

	if (n >= 0) {
		out->start += (size_t)n;
		out->len -= (size_t)n;
		return;
	}
	if (errno == EAGAIN || errno == EINTR)
		return;
	if (errno == EPIPE)
		o->broken = true;
	else if (!o->failed)
		o->failed = -errno;
	out->len = 0;
	fd_closep(&out->from); /* so that the command hears of it */
}

void outputs_copy(struct outputs *o, const struct pollfd p[OUTPUTS])
{
	for (int i = 0; i < OUTPUTS; i++) {
		if (!p[i].revents)
			continue;
		if (o->list[i].len)
			empty(o, &o->list[i], o->data[i]);
		else
			fill(&o->list[i], o->data[i]);
	}
}

bool outputs_are_empty(struct outputs *o)
{
	bool ret = true;

	for (int i = 0; i < OUTPUTS; i++) {
		if (!o->list[i].len && o->list[i].from >= 0)
			fill(&o->list[i], o->data[i]);
		ret = ret && !o->list[i].len;
	}
	return ret;
}

void outputs_drop(struct outputs *o)
{
	for (int i = 0; i < OUTPUTS; i++) {
		o->list[i].len = 0;
		fd_closep(&o->list[i].from);
	}
}
