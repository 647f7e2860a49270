/* SPDX-License-Identifier: MIT */
/*
 * drops - what programs do that give up root. Static, so that it runs in a root that
 * holds nothing else. N is a user and a group.
 *
 *	drops who		"UID UID UID GID GID GID, / is UID's, N capabilities"
 *	drops here N		give up root for N, then "who", by a child too, and what
 *	                        fails now
 *	drops ways N		"NAME: ids" after each way to set ids that there is, each
 *	                        in a child
 *	drops single N CMD..	execute CMD as N, as su-exec does;
 *	drops leader N CMD..	with other threads, as gosu does (its system calls are not
 *	                        libc's);
 *	drops thread N CMD..	from another thread than the first;
 *	drops libc N CMD..	with other threads by libc's calls, which each of them
 *	                        makes
 *	drops keep N CMD..	keeping capabilities at first, and its group last, as
 *	                        setpriv(1) does
 *	drops vfork N CMD..	in a child that shares the memory, as posix_spawn(3) has
 *	                        it
 *	drops traced N		give up root while a process inside traces this one,
 *	                        "setgid ok" of another, "who"
 *	drops limits N CMD..	taking over the limits of process 1 in the middle, as sudo
 *	                        does
 *	drops lies N		say to have given up root and that it was seen to: "setuid
 *	                        ERRNO"
 *	drops storm N		of many children some are killed while they give up root;
 *	                        "ended"
 *	drops killed N		of children with threads, each is killed a moment after it
 *	                        was made; "ended"
 *	drops race N		of many processes some threads ask again and again while
 *	                        another, or the first,
 *				executes something, which is N in each; "ended"
 *	drops hold N		a thread asks while another executes what it may not have
 *	                        for a while, "held"
 *	drops many N		as storm, all of 200 at once, and none is hurt
 *	drops rewrite N		what shares the memory of those who give up root puts
 *	                        other instructions
 *				in place of their call: "N with capabilities"
 *	drops answered N	a filter of its own says that unshare(2) was done: as
 *	                        "who"
 *	drops left		the first thread ends, another goes on
 *	drops namespaces N	"ERRNO ERRNO": a user namespace, before and after N
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "errno-name.h"

static char **command;
static unsigned wanted;

static int count_capabilities(void)
{
	struct __user_cap_header_struct header = { .version =
							   _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	(void)syscall(SYS_capget, &header, data);
	return __builtin_popcount(data[0].permitted | data[0].effective) +
	       __builtin_popcount(data[1].permitted | data[1].effective);
}

static int who(void)
{
	uid_t u[3] = { 0 };
	gid_t g[3] = { 0 };
	struct stat st = { 0 };

	(void)getresuid(&u[0], &u[1], &u[2]);
	(void)getresgid(&g[0], &g[1], &g[2]);
	(void)stat("/", &st);
	printf("%u %u %u %u %u %u, / is %u's, %d capabilities\n", u[0], u[1], u[2], g[0],
	       g[1], g[2], st.st_uid, count_capabilities());
	return fflush(stdout);
}

static void give_up(void)
{
	const int r = setgroups(0, NULL) ? -1
		      : setgid(wanted)   ? -2
		      : setuid(wanted)   ? -3
					 : 0;

	if (r < 0) {
		printf("failed %d %s\n", r, errno_name(errno));
		exit(1);
	}
}

static void fails(const char *name, int r)
{
	printf("%s %s\n", name, r < 0 ? errno_name(errno) : "ok");
}

static int here(void)
{
	int status;

	give_up();
	(void)who();
	fails("setuid(0)", setuid(0));
	fails("seteuid(0)", seteuid(0));
	fails("setgid(0)", setgid(0));
	fails("setgroups", setgroups(0, NULL));
	fails("setuid(N)", setuid(wanted));
	fails("setresuid(-1, N, -1)", setresuid((uid_t)-1, wanted, (uid_t)-1));
	(void)fflush(stdout);
	if (fork() == 0)
		_exit(who());
	(void)wait(&status);
	return who();
}

static void way(const char *name, int (*set)(void))
{
	int status = 0;

	printf("%s: ", name);
	(void)fflush(stdout);
	if (fork() == 0) {
		if (set() < 0)
			printf("%s ", errno_name(errno));
		printf("%u %u\n", getuid(), getgid());
		(void)fflush(stdout);
		_exit(0);
	}
	(void)wait(&status);
}

static int by_setresuid(void)
{
	return setresgid(wanted, wanted, wanted) ? -1 : setresuid(wanted, wanted, wanted);
}

static int by_setreuid(void)
{
	return setregid(wanted, wanted) ? -1 : setreuid(wanted, wanted);
}

static int by_setuid_alone(void)
{
	return setuid(wanted);
}

static int for_a_moment(void)
{
	return seteuid(wanted) ? -1 : seteuid(0);
}

static int too_late(void)
{
	return setuid(wanted) ? -1 : setgid(wanted);
}

static int nobody(void)
{
	return setuid((uid_t)-1);
}

static int ways(void)
{
	way("setresuid", by_setresuid);
	way("setreuid", by_setreuid);
	way("setuid", by_setuid_alone);
	way("seteuid", for_a_moment);
	way("setgid after setuid", too_late);
	way("setuid(-1)", nobody);
	return 0;
}

static void execute_by_libc(void)
{
	give_up();
	(void)execvp(command[0], command);
	_exit(127);
}

/* As programs do that are not written in C. */
static void *execute(void *arg)
{
	if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setgid, wanted) ||
	    syscall(SYS_setuid, wanted))
		printf("failed %s\n", errno_name(errno));
	else
		(void)execvp(command[0], command);
	(void)fflush(stdout);
	_exit(127);
	return arg;
}

static void *sleep_on(void *arg)
{
	for (;;)
		(void)pause();
	return arg;
}

static int with_threads(char how)
{
	pthread_t t;

	for (int i = 0; i < 4; i++)
		if (pthread_create(&t, NULL, sleep_on, NULL))
			return 1;
	if (how == 'b')
		execute_by_libc();
	if (how == 'l')
		(void)execute(NULL);
	if (pthread_create(&t, NULL, execute, NULL) == 0)
		(void)pthread_join(t, NULL);
	return 1;
}

static int leave_another(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, sleep_on, NULL))
		return 1;
	pthread_exit(NULL);
}

static int keeping(void)
{
	if (prctl(PR_SET_KEEPCAPS, 1) || setresuid(wanted, wanted, wanted) ||
	    setresgid(wanted, wanted, wanted) || setgroups(0, NULL))
		printf("failed %s\n", errno_name(errno));
	else
		(void)execvp(command[0], command);
	return fflush(stdout) || 1;
}

static int sharing_memory(void)
{
	int status = 1;
	const pid_t child = vfork();

	if (child == 0)
		(void)execute(NULL);
	(void)waitpid(child, &status, 0);
	(void)who();
	return WEXITSTATUS(status);
}

static int traced(void)
{
	const pid_t child = fork();
	int status = 0;

	if (child == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		give_up();
		printf("setgid %s\n", setgid(wanted + 1) == 0 ? "ok" : errno_name(errno));
		_exit(who());
	}
	(void)waitpid(child, &status, 0);
	(void)ptrace(PTRACE_CONT, child, NULL, NULL);
	(void)waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

static int limits_of_first(void)
{
	struct rlimit l;

	int status;
	pid_t child;

	if (setgroups(0, NULL) || setgid(wanted) || prlimit(1, RLIMIT_LOCKS, NULL, &l) ||
	    setrlimit(RLIMIT_LOCKS, &l))
		printf("failed %s\n", errno_name(errno));
	child = fork();
	if (child == 0 && setuid(wanted) == 0)
		(void)execvp(command[0], command);
	return waitpid(child, &status, 0) < 0;
}

static int lies(void)
{
	for (int done = 0; done < 2; done++) {
		const struct rlimit l = { .rlim_cur = 1UL << 62 |
						      (unsigned long)done << 61 |
						      7UL << 30 | 7,
					  .rlim_max = RLIM_INFINITY };

		(void)setrlimit(RLIMIT_LOCKS, &l);
		fails("setuid", setuid(wanted));
	}
	return 0;
}

static int storm(void)
{
	for (int round = 0; round < 20; round++) {
		pid_t children[16];

		for (int i = 0; i < 16; i++) {
			children[i] = fork();
			if (children[i] == 0) {
				give_up();
				_exit(getuid() != wanted);
			}
		}
		for (int i = 0; i < 16; i++) {
			int status = 0;

			if (i % 2)
				(void)kill(children[i], i % 4 == 1 ? SIGKILL : SIGSTOP);
			if (i % 4 == 3)
				(void)kill(children[i], SIGCONT);
			(void)waitpid(children[i], &status, 0);
			if (WIFEXITED(status) && WEXITSTATUS(status))
				printf("child %d of round %d: %d\n", i, round,
				       WEXITSTATUS(status));
		}
	}
	return puts("ended") < 0;
}

static void *wait_here(void *unused)
{
	for (;;)
		(void)pause();
	return unused;
}

/* The next one gives up root whatever became of those before. */
static int killed(void)
{
	for (unsigned i = 0; i < 300; i++) {
		const pid_t child = fork();
		pthread_t thread;

		if (child == 0) {
			(void)pthread_create(&thread, NULL, wait_here, NULL);
			(void)!setuid(wanted); /* by each thread, as libc has it */
			(void)execl("/proc/self/exe", "drops", "who", NULL);
		}
		(void)usleep(i * 37 % 3000);
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
	give_up();
	return puts(getuid() == wanted ? "ended" : "lost") < 0;
}

/* Not by libc, whose setuid(2) waits for the other threads. */
static void *ask(void *unused)
{
	for (;;)
		(void)syscall(SYS_setuid, wanted);
	return unused;
}

static void *ask_and_execute(void *arg)
{
	const unsigned *const delay = arg;

	(void)syscall(SYS_setuid, wanted);
	for (volatile unsigned i = 0; i < *delay; i++)
		;
	(void)execl("/proc/self/exe", "drops", "is", getenv("WANTED"), NULL);
	_exit(127);
	return arg;
}

static void race_of(unsigned n)
{
	unsigned delay = n * 7919 % 100000;
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		(void)pthread_create(&thread, NULL, ask, NULL);
	if (n % 2)
		(void)ask_and_execute(&delay);
	(void)pthread_create(&thread, NULL, ask_and_execute, &delay);
	(void)ask(NULL);
}

static int race(const char *number)
{
	int status, bad = 0;

	(void)setenv("WANTED", number, 1);
	for (unsigned n = 0; n < 200; n++) {
		const pid_t child = fork();

		if (child == 0)
			race_of(n);
		(void)waitpid(child, &status, 0);
		bad += status != 0;
	}
	if (bad)
		printf("%d were not what they had asked for\n", bad);
	return puts("ended") < 0;
}

/* With a lease of /tmp/held by its parent; see F_SETLEASE in fcntl(2). */
static void *execute_leased(void *arg)
{
	(void)execl("/tmp/script", "script", NULL);
	return arg;
}

static int make_file(const char *path, const char *text)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0700);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : fd;
}

static int hold(void)
{
	const int script = make_file("/tmp/script", "#!/tmp/held\n"),
		  held = make_file("/tmp/held", "");
	sigset_t begun;
	pid_t child;
	int sig;

	(void)sigemptyset(&begun);
	/* to who has the lease, which says it to its child */
	(void)sigaddset(&begun, SIGIO);
	(void)sigaddset(&begun, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &begun, NULL);
	if (script < 0 || close(script) < 0 || held < 0 ||
	    fcntl(held, F_SETLEASE, F_WRLCK) < 0)
		return printf("%s\n", errno_name(errno)), 1;
	child = fork();
	if (child == 0) {
		pthread_t thread;

		(void)pthread_create(&thread, NULL, execute_leased, NULL);
		(void)sigwait(&begun, &sig);
		(void)ask(NULL);
	}
	(void)sigwait(&begun, &sig);
	(void)kill(child, SIGUSR1);
	(void)puts("held");
	(void)fflush(stdout);
	return wait_here(NULL) != NULL;
}

static int many(void)
{
	int together[2], status;

	if (pipe(together) < 0)
		return 1;
	for (int i = 0; i < 200; i++)
		if (fork() == 0) {
			char c;

			(void)close(together[1]);
			(void)!read(together[0], &c, 1);
			_exit(setuid(wanted) < 0 ? errno : getuid() != wanted);
		}
	(void)close(together[1]);
	while (wait(&status) > 0)
		if (status)
			printf("status %x\n", (unsigned)status);
	return puts("ended") < 0;
}

/* long call(long nr, long arg) */
#if defined(__x86_64__)
typedef uint16_t instruction;
static const instruction call_code[] = { 0x8948, 0x48f8, 0xf789, 0x050f, 0xc3c3 };
enum { THE_CALL = 3 };
/* nop; xor eax, eax; pop rax */
static const instruction others[] = { 0x9090, 0xc031, 0x9090, 0x5b58 };
#elif defined(__aarch64__)
typedef uint32_t instruction;
static const instruction call_code[] = { 0xaa0003e8, 0xaa0103e0, 0xd4000001, 0xd65f03c0 };
enum { THE_CALL = 2 };
static const instruction others[] = { 0xd503201f, 0xd2800000 }; /* nop; mov x0, 0 */
#endif

struct shared {
	volatile unsigned with, without;
	long (*call)(long, long);
	volatile instruction *at;
};

static int give_up_by_code(void *arg)
{
	struct shared *s = arg;

	(void)s->call(SYS_setuid, wanted);
	if (getuid() == wanted && count_capabilities())
		s->with++;
	else
		s->without++;
	_exit(0);
}

static int put_others(void *arg)
{
	const struct shared *s = arg;

	for (unsigned n = 0;; n++) {
		*s->at = others[n % (sizeof(others) / sizeof(others[0]))];
		for (volatile unsigned i = 0; i < n % 400; i++)
			;
		*s->at = call_code[THE_CALL];
		for (volatile unsigned i = 0; i < n % 3000; i++)
			;
	}
	return 0;
}

static int rewrite(void)
{
	enum { STACK = 65536 };
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *stacks = malloc(2 * STACK);
	struct shared s = { .at = (volatile instruction *)page + THE_CALL };
	pid_t other, child;

	if (page == MAP_FAILED || !stacks)
		return 1;
	memcpy(page, call_code, sizeof(call_code));
	__builtin___clear_cache(page, page + sizeof(call_code));
	memcpy(&s.call, &page, sizeof(page));
	other = clone(put_others, stacks + STACK, CLONE_VM | SIGCHLD, &s);
	for (int i = 0; i < 400; i++) {
		child = clone(give_up_by_code, stacks + 2 * STACK, CLONE_VM | SIGCHLD,
			      &s);
		(void)waitpid(child, NULL, 0);
	}
	(void)kill(other, SIGKILL);
	(void)waitpid(other, NULL, 0);
	printf("%u with capabilities\n", s.with);
	return s.without == 0;
}

static int answered(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { .len = 4, .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 1;
	give_up();
	return who();
}

static int namespaces(void)
{
	fails("before", unshare(CLONE_NEWUSER));
	give_up();
	fails("after", unshare(CLONE_NEWUSER));
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "who";

	wanted = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	command = argv + 3;
	if (!strcmp(what, "here"))
		return here();
	if (!strcmp(what, "ways"))
		return ways();
	if (!strcmp(what, "single"))
		return execute(NULL) != NULL;
	if (!strcmp(what, "leader") || !strcmp(what, "thread"))
		return with_threads(what[0]);
	if (!strcmp(what, "libc"))
		return with_threads('b');
	if (!strcmp(what, "keep"))
		return keeping();
	if (!strcmp(what, "vfork"))
		return sharing_memory();
	if (!strcmp(what, "traced"))
		return traced();
	if (!strcmp(what, "limits"))
		return limits_of_first();
	if (!strcmp(what, "lies"))
		return lies();
	if (!strcmp(what, "storm"))
		return storm();
	if (!strcmp(what, "killed"))
		return killed();
	if (!strcmp(what, "race"))
		return race(argv[2]);
	if (!strcmp(what, "is"))
		return getuid() != wanted;
	if (!strcmp(what, "hold"))
		return hold();
	if (!strcmp(what, "many"))
		return many();
	if (!strcmp(what, "rewrite"))
		return rewrite();
	if (!strcmp(what, "answered"))
		return answered();
	if (!strcmp(what, "left"))
		return leave_another();
	if (!strcmp(what, "namespaces"))
		return namespaces();
	return who();
}
