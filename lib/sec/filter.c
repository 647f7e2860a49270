/* SPDX-License-Identifier: MIT */
/*
 * filter - the default profile as a BPF program that is quick to load.
 *
 * When a filter is loaded the kernel checks it, translates it to machine code, and runs
 * it once for every system call number of every architecture, to know which need no
 * filter later (seccomp_cache_prepare() in kernel/seccomp.c). For x86_64 with i386
 * (microseconds, Linux 6.18): the chain of comparisons that libseccomp makes, 687
 * instructions, costs a start 660-1150; its binary tree (optimize level 2), 860
 * instructions, 250-430. Most allowed numbers are neighbours, so here a program is a
 * binary search for a *segment* of numbers, a few comparisons for the exceptions in it,
 * and shared answers: 163 instructions, 75-140. A filter of one instruction costs 20.
 *
 * libseccomp knows the numbers of all architectures; only the code is ours. It is written
 * from its end to its beginning, so that every jump's target is known when it is made.
 */
#include "sec/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "sec/profile.h"

enum {
	NUMBERS = 640,      /* system calls have numbers below this ... */
	RANGES = 320,       /* neighbours with the same decision, per architecture */
	LEAVES = 32,        /* different decisions */
	ANY_LEAF = 0,       /* the first: numbers that no kernel has */
	LEAF_RULES = 6,     /* rows with tests in one decision */
	MAX_SEGMENT = 32,   /* ranges ... */
	MAX_EXCEPTIONS = 6, /* ... and comparisons in one segment */
	MAX_JUMP = 250, /* of the 255 that fit, so that there is room for a long jump */
	SECCOMP_ERRNO = 0x00050000,
	SECCOMP_KILL = (int)0x80000000,
};

static const struct machine {
	const char *name;
	uint32_t native, compat; /* SCMP_ARCH_*, which are AUDIT_ARCH_*; 0: none */
} machines[] = {
	/* x32 is no architecture of its own here: its numbers are in no range. */
	{ "x86_64", SCMP_ARCH_X86_64, SCMP_ARCH_X86 },
	{ "aarch64", SCMP_ARCH_AARCH64, SCMP_ARCH_ARM },
	{ "i386", SCMP_ARCH_X86, 0 },
	{ "i686", SCMP_ARCH_X86, 0 },
	{ "x86", SCMP_ARCH_X86, 0 },
	{ "arm", SCMP_ARCH_ARM, 0 },
	{ "armv7l", SCMP_ARCH_ARM, 0 },
	{ "ppc64le", SCMP_ARCH_PPC64LE, 0 },
	{ "riscv64", SCMP_ARCH_RISCV64, 0 },
	{ "s390x", SCMP_ARCH_S390X, SCMP_ARCH_S390 },
};

/* What happens to a system call: tests in order, and the answer if none holds. */
struct leaf {
	uint32_t answer;
	uint8_t tests_len;
	uint8_t tests[LEAF_RULES]; /* rows of the profile */
};

struct range {
	uint32_t start, len;
	uint8_t leaf;
};

/* Ranges from @first on: one answer for most numbers, and exceptions that are few. */
struct segment {
	int first;
	uint8_t leaf;
};

/* A place in the program, counted from its end: it stays when code is put before it. */
typedef int label;

struct compiler {
	struct sock_filter *out; /* filled from out[FILTER_MAX - 1] downwards */
	int len;
	int failed;
	bool big_endian;
	uint64_t caps;
	struct leaf leaves[LEAVES];
	label labels[LEAVES]; /* where a leaf was last put; 0: nowhere */
	int leaves_len;
	struct range ranges[RANGES];
	int ranges_len;
	struct segment segments[RANGES + 1];
	int segments_len;
};

static label emit(struct compiler *c, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (c->len >= FILTER_MAX) {
		c->failed = -E2BIG;
		return c->len;
	}
	c->len++;
	c->out[FILTER_MAX - c->len] = (struct sock_filter){ code, jt, jf, k };
	return c->len;
}

/* @to, or a place near enough for a conditional jump that leads there. */
static label reachable(struct compiler *c, label to)
{
	if (c->len - to <= MAX_JUMP)
		return to;
	return emit(c, BPF_JMP | BPF_JA, (uint32_t)(c->len - to), 0, 0);
}

static label emit_branch(struct compiler *c, uint16_t op, uint32_t k, label yes, label no)
{
	yes = reachable(c, yes);
	no = reachable(c, no);
	return emit(c, BPF_JMP | BPF_K | op, k, (uint8_t)(c->len - yes),
		    (uint8_t)(c->len - no));
}

static label emit_return(struct compiler *c, uint32_t answer)
{
	return emit(c, BPF_RET | BPF_K, answer, 0, 0);
}

static label emit_load(struct compiler *c, size_t offset)
{
	return emit(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* Every test of the row holds: go to @yes, else to @no. */
static label emit_tests(struct compiler *c, const struct profile_rule *rule, label yes,
			label no)
{
	for (int i = PROFILE_TESTS - 1; i >= 0; i--) {
		const struct profile_test *t = &rule->tests[i];

		if (!t->mask)
			continue;
		/* backwards: each one falls into the one emitted before it */
		(void)emit_branch(c, BPF_JEQ, t->value, yes, no);
		if (t->mask != UINT32_MAX)
			(void)emit(c, BPF_ALU | BPF_AND | BPF_K, t->mask, 0, 0);
		yes = emit_load(c, offsetof(struct seccomp_data, args) + 8 * t->arg +
					   (c->big_endian ? 4 : 0));
	}
	return yes;
}

static uint32_t answer_of(const struct profile_rule *rule)
{
	if (rule->answer == PROFILE_ALLOW)
		return SECCOMP_RET_ALLOW;
	return SECCOMP_ERRNO | (uint32_t)rule->answer;
}

static bool is_same_leaf(const struct leaf *a, const struct leaf *b)
{
	return a->answer == b->answer && a->tests_len == b->tests_len &&
	       memcmp(a->tests, b->tests, a->tests_len) == 0;
}

/* The number of @leaf in the list of different ones. */
static uint8_t leaf_number(struct compiler *c, const struct leaf *leaf)
{
	for (int i = 0; i < c->leaves_len; i++)
		if (is_same_leaf(&c->leaves[i], leaf))
			return (uint8_t)i;
	if (c->leaves_len == LEAVES) {
		c->failed = -E2BIG;
		return ANY_LEAF;
	}
	c->leaves[c->leaves_len] = *leaf;
	return (uint8_t)c->leaves_len++;
}

/* The leaf that gives @answer whatever the arguments are. */
static uint8_t bare_leaf(struct compiler *c, uint32_t answer)
{
	struct leaf leaf;

	memset(&leaf, 0, sizeof(leaf)); /* compared as a whole: padding too */
	leaf.answer = answer;
	return leaf_number(c, &leaf);
}

/* A number that no kernel has may be handed to it, or be answered as it would answer. */
static bool leaf_fits(const struct compiler *c, uint8_t wanted, uint8_t given)
{
	const struct leaf *leaf = &c->leaves[given];

	if (wanted != ANY_LEAF)
		return wanted == given;
	return !leaf->tests_len && (leaf->answer == SECCOMP_RET_ALLOW ||
				    leaf->answer == (SECCOMP_ERRNO | PROFILE_DEFAULT));
}

/*
 * Where the given answer does not fit: what is asked for, or ENOSYS for what nobody has.
 */
static uint8_t own_leaf(struct compiler *c, uint8_t wanted)
{
	return wanted == ANY_LEAF ? bare_leaf(c, SECCOMP_ERRNO | PROFILE_DEFAULT)
				  : wanted;
}

/* The code of a leaf: what is there already, or for a bare answer that is far, a copy. */
static label emit_leaf(struct compiler *c, int number)
{
	const struct leaf *leaf = &c->leaves[number];
	label at = c->labels[number];

	if (at && (leaf->tests_len || c->len - at <= MAX_JUMP))
		return at;
	at = emit_return(c, leaf->answer);
	for (int i = leaf->tests_len - 1; i >= 0; i--) {
		const struct profile_rule *rule = &profile_rules[leaf->tests[i]];
		label yes = emit_leaf(c, bare_leaf(c, answer_of(rule)));

		at = emit_tests(c, rule, yes, at);
	}
	c->labels[number] = at;
	return at;
}

/* One comparison for each number of the segment that is not decided as most are. */
static label emit_segment(struct compiler *c, const struct segment *s)
{
	label at = emit_leaf(c, s->leaf);

	for (int i = s[1].first - 1; i >= s->first; i--) {
		const struct range *range = &c->ranges[i];

		for (uint32_t n = range->len; n && !leaf_fits(c, range->leaf, s->leaf);
		     n--) {
			label yes = emit_leaf(c, own_leaf(c, range->leaf));

			at = emit_branch(c, BPF_JEQ, range->start + n - 1, yes, at);
		}
	}
	return at;
}

/* Binary search for the segment of the loaded number among those of [first, end). */
static label emit_search(struct compiler *c, int first, int end)
{
	int middle = first + (end - first) / 2;
	label low, high;

	if (end - first == 1)
		return emit_segment(c, &c->segments[first]);
	high = emit_search(c, middle, end);
	low = emit_search(c, first, middle);
	return emit_branch(c, BPF_JGE, c->ranges[c->segments[middle].first].start, high,
			   low);
}

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = words; (p = strstr(p, word)); p += len)
		if ((p == words || p[-1] == ' ') && (p[len] == ' ' || !p[len]))
			return true;
	return false;
}

static bool rule_counts(const struct compiler *c, const struct profile_rule *rule,
			uint32_t arch)
{
	bool s390 = arch == SCMP_ARCH_S390 || arch == SCMP_ARCH_S390X;

	if (rule->with != PROFILE_ANY_CAP && !(c->caps >> rule->with & 1))
		return false;
	if (rule->without != PROFILE_ANY_CAP && c->caps >> rule->without & 1)
		return false;
	return rule->arch == PROFILE_EVERYWHERE || (rule->arch == PROFILE_S390) == s390;
}

static bool is_same_rule(const struct profile_rule *a, const struct profile_rule *b)
{
	for (size_t i = 0; i < PROFILE_TESTS; i++)
		if (a->tests[i].arg != b->tests[i].arg ||
		    a->tests[i].mask != b->tests[i].mask ||
		    a->tests[i].value != b->tests[i].value)
			return false;
	return a->answer == b->answer;
}

/* Two rows that test and answer the same are one: the first of them. */
static uint8_t same_row(size_t row)
{
	for (size_t i = 0; i < row; i++)
		if (is_same_rule(&profile_rules[i], &profile_rules[row]))
			return (uint8_t)i;
	return (uint8_t)row;
}

/* What the profile says about the system call @name; NULL: unknown to everybody. */
static uint8_t decide(struct compiler *c, uint32_t arch, const char *name)
{
	struct leaf leaf;

	memset(&leaf, 0, sizeof(leaf));
	leaf.answer = SECCOMP_ERRNO | PROFILE_DEFAULT;
	for (size_t i = 0; name && i < profile_rules_len; i++) {
		const struct profile_rule *rule = &profile_rules[i];

		if (!has_word(rule->names, name) || !rule_counts(c, rule, arch))
			continue;
		if (rule->answer == PROFILE_ABSENT)
			return ANY_LEAF;
		if (!rule->tests[0].mask) {
			leaf.answer = answer_of(rule);
			break;
		}
		if (leaf.tests_len == LEAF_RULES) {
			c->failed = -E2BIG;
			break;
		}
		leaf.tests[leaf.tests_len++] = same_row(i);
	}
	return leaf_number(c, &leaf);
}

static void add_range(struct compiler *c, uint32_t start, uint8_t leaf)
{
	struct range *last = &c->ranges[c->ranges_len ? c->ranges_len - 1 : 0];

	if (c->ranges_len && last->leaf == leaf)
		return;
	if (c->ranges_len == RANGES) {
		c->failed = -E2BIG;
		return;
	}
	last->len = start - last->start;
	c->ranges[c->ranges_len++] = (struct range){ start, UINT32_MAX - start, leaf };
}

static uint8_t decide_number(struct compiler *c, uint32_t arch, uint32_t nr)
{
	char *name = seccomp_syscall_resolve_num_arch(arch, (int)nr);
	uint8_t ret;

	if (name) {
		ret = decide(c, arch, name);
		free(name);
		return ret;
	}
	for (size_t i = 0; i < profile_recent_len; i++)
		if (profile_recent[i].nr == nr)
			return decide(c, arch, profile_recent[i].name);
	return decide(c, arch, NULL);
}

/* arm has a few calls far above the others; in ascending order. */
static void add_private_ranges(struct compiler *c, uint32_t arch)
{
	enum { ARM_PRIVATE = 0x0f0000, ARM_PRIVATE_LEN = 8 };
	uint8_t nothing = decide(c, arch, NULL);

	if (arch != SCMP_ARCH_ARM)
		return;
	for (uint32_t nr = ARM_PRIVATE; nr < ARM_PRIVATE + ARM_PRIVATE_LEN; nr++)
		add_range(c, nr, decide_number(c, arch, nr));
	add_range(c, ARM_PRIVATE + ARM_PRIVATE_LEN, nothing);
}

/*
 * The best leaf for the ranges of [first, end), and how many numbers it is wrong for;
 * each of these costs a comparison.
 */
static uint64_t count_exceptions(struct compiler *c, int first, int end,
				 uint8_t *ret_leaf)
{
	uint64_t numbers[LEAVES] = { 0 }, wrong = 0;
	uint8_t best = bare_leaf(c, SECCOMP_ERRNO | PROFILE_DEFAULT);

	for (int i = first; i < end; i++) {
		uint8_t leaf = c->ranges[i].leaf;

		if (leaf == ANY_LEAF)
			continue;
		numbers[leaf] += c->ranges[i].len;
		if (numbers[leaf] > numbers[best])
			best = leaf;
	}
	*ret_leaf = best;
	for (int i = first; i < end; i++)
		if (!leaf_fits(c, c->ranges[i].leaf, best))
			wrong += c->ranges[i].len;
	return wrong;
}

/* Cut the ranges into segments so that the program has the fewest comparisons. */
static void plan_segments(struct compiler *c)
{
	uint64_t cost[RANGES + 1] = { 0 };
	/* the last segment of the best cut of the first n ranges */
	struct segment from[RANGES + 1] = { 0 };
	int n = 0;

	for (int end = 1; end <= c->ranges_len; end++) {
		cost[end] = UINT64_MAX;
		for (int first = end - 1; first >= 0 && first >= end - MAX_SEGMENT;
		     first--) {
			uint8_t leaf;
			uint64_t wrong = count_exceptions(c, first, end, &leaf);

			if (wrong > MAX_EXCEPTIONS ||
			    cost[first] + 1 + wrong >= cost[end])
				continue;
			cost[end] = cost[first] + 1 + wrong;
			from[end] = (struct segment){ first, leaf };
		}
	}
	for (int end = c->ranges_len; end > 0; end = from[end].first)
		n++;
	c->segments_len = n;
	c->segments[n].first = c->ranges_len;
	for (int end = c->ranges_len; end > 0; end = from[end].first)
		c->segments[--n] = from[end];
}

static label compile_arch(struct compiler *c, uint32_t arch)
{
	c->ranges_len = 0;
	for (uint32_t nr = 0; nr < NUMBERS; nr++)
		add_range(c, nr, decide_number(c, arch, nr));
	add_private_ranges(c, arch);
	plan_segments(c);
	(void)emit_search(c, 0, c->segments_len);
	return emit_load(c, offsetof(struct seccomp_data, nr));
}

static const struct machine *find_machine(const char *name)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (!strcmp(machines[i].name, name))
			return &machines[i];
	return NULL;
}

static void compile_machine(struct compiler *c, const struct machine *m)
{
	label native, compat, other;

	(void)bare_leaf(c, 0); /* becomes ANY_LEAF; never put into the program */
	c->big_endian = m->native == SCMP_ARCH_S390X;
	other = emit_return(c, (uint32_t)SECCOMP_KILL);
	if (m->compat) {
		compat = compile_arch(c, m->compat);
		other = emit_branch(c, BPF_JEQ, m->compat, compat, other);
	}
	native = compile_arch(c, m->native);
	(void)emit_branch(c, BPF_JEQ, m->native, native, other);
	(void)emit_load(c, offsetof(struct seccomp_data, arch));
}

int filter_compile(const char *machine, uint64_t caps, struct sock_filter *out)
{
	struct compiler *c;
	const struct machine *m;
	struct utsname uts;
	int r;

	if (!machine && uname(&uts) < 0)
		return -errno;
	m = find_machine(machine ? machine : uts.machine);
	if (!m)
		return -ENOTSUP;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->out = out;
	c->caps = caps;
	compile_machine(c, m);
	r = c->failed ? c->failed : c->len;
	if (r > 0)
		memmove(out, out + FILTER_MAX - r, (size_t)r * sizeof(*out));
	free(c);
	return r;
}
