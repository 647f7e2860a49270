/* SPDX-License-Identifier: MIT */
/* What lasts as long as a container: who lets go of it, and when (lib/plan/held.h). */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "plan/held.h"
#include "plan/plan.h"
#include "suite.h"

static int ended[HELD_MAX], ended_len, released;

static void end_one(struct held *h)
{
	ended[ended_len++] = h->number;
	held_close(h);
}

static void release_one(struct held *h)
{
	released++;
	held_close(h);
}

static const struct held_ops plain = { .end = end_one, .release = release_one },
			     leased = { .end = end_one,
					.release = release_one,
					.leased = true },
			     watched = { .end = held_close,
					 .release = held_close,
					 .watched = true },
			     lasting = { .release = release_one };

static struct held_list list;
static int slots[HELD_MAX];

static void begin(void)
{
	list = (struct held_list){ 0 };
	ended_len = released = 0;
	for (int i = 0; i < HELD_MAX; i++)
		slots[i] = -EBADF;
}

/* One that its step has made, in the slot of its number. */
static struct held *add(const struct held_ops *ops, int number)
{
	struct held *h = held_add(&list, ops, number);

	ck_assert_ptr_nonnull(h);
	slots[number] = open("/dev/null", O_RDWR | O_CLOEXEC);
	h->number = number;
	h->made = true;
	h->data = malloc(1);
	return h;
}

START_TEST(the_last_made_is_undone_first)
{
	begin();
	for (int i = 0; i < 3; i++)
		add(&plain, i);
	add(&lasting, 3);
	held_take(&list, slots, false);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_lt(slots[i], 0);
		ck_assert_int_ge(list.list[i].fd, 0);
	}
	held_end(&list);
	ck_assert_int_eq(ended_len, 3);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ended[i], 2 - i);
	ck_assert_int_eq(released, 0); /* it is still wanted */
	held_end(&list);
	ck_assert_int_eq(ended_len, 3);
	held_release(&list);
	ck_assert_int_eq(released, 1);
}
END_TEST

START_TEST(what_was_not_made_is_not_undone)
{
	begin();
	add(&plain, 0)->made = false;
	add(&lasting, 1)->made = false;
	held_take(&list, slots, false);
	ck_assert_int_ge(slots[0], 0); /* the start's to close */
	held_end(&list);
	held_release(&list);
	ck_assert_int_eq(ended_len + released, 0);
	fd_closep(&slots[0]);
	fd_closep(&slots[1]);
}
END_TEST

START_TEST(the_monitor_has_leases)
{
	begin();
	add(&leased, 0);
	add(&plain, 1);
	held_take(&list, slots, true);
	held_hand_over(&list);
	ck_assert_int_eq(ended_len + released, 0);
	held_end(&list);
	ck_assert_int_eq(ended_len, 1);
	ck_assert_int_eq(ended[0], 1);
}
END_TEST

START_TEST(the_keeper_has_what_is_watched)
{
	struct pollfd p[HELD_WATCHED_MAX];

	begin();
	add(&watched, 0);
	held_take(&list, slots, true);
	ck_assert_int_ge(slots[0], 0);
	ck_assert_uint_eq(held_watch(&list, p), 0);
	held_end(&list);
	fd_closep(&slots[0]);
}
END_TEST

START_TEST(a_hangup_is_seen_once)
{
	struct pollfd p[HELD_WATCHED_MAX];
	int pair[2];

	begin();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (int i = 0; i < HELD_WATCHED_MAX; i++)
		add(&watched, i);
	ck_assert_ptr_null(held_add(&list, &watched, HELD_WATCHED_MAX));
	held_take(&list, slots, false);
	ck_assert_int_eq(dup2(pair[0], list.list[1].fd), list.list[1].fd);
	close(pair[0]);
	ck_assert_uint_eq(held_watch(&list, p), HELD_WATCHED_MAX);
	ck_assert_int_eq(poll(p, HELD_WATCHED_MAX, 0), 0);
	close(pair[1]);
	ck_assert_int_eq(poll(p, HELD_WATCHED_MAX, -1), 1);
	ck_assert(!p[0].revents && p[1].revents);
	held_unwatch(&list);
	ck_assert_uint_eq(held_watch(&list, p), 0);
	held_release(&list);
}
END_TEST

START_TEST(there_is_an_end_of_places)
{
	begin();
	for (int i = 0; i < HELD_MAX; i++)
		add(&plain, i);
	ck_assert_ptr_null(held_add(&list, &plain, 0));
	held_take(&list, slots, false);
	held_end(&list);
	ck_assert_ptr_nonnull(held_add(&list, &plain, 0));
	held_release(&list);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("held");

	tcase_add_test(t, the_last_made_is_undone_first);
	tcase_add_test(t, what_was_not_made_is_not_undone);
	tcase_add_test(t, the_monitor_has_leases);
	tcase_add_test(t, the_keeper_has_what_is_watched);
	tcase_add_test(t, a_hangup_is_seen_once);
	tcase_add_test(t, there_is_an_end_of_places);
	return run_case("held", t);
}
