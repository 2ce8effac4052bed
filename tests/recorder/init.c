/* Process 1 of the recorder's guest: sets a scene, lets memory run out, tells what it saw.
 *
 * In: /script, one command a line (record.py writes it; nothing here guesses what was meant):
 *   mkdir PATH              write PATH TEXT           loglevel N
 *   task ID key=value...    parent anon shm adj cgroup mlock grow step delay max (sizes in kB, delay
 *                           in us); tasks are only noted until `start` forks them, each ready (its
 *                           children forked, its memory touched) before the next is begun
 *   cat SECTION PATH        procs SECTION             one file; the /proc files of all tasks and us
 *   go                      growers grow
 *   watch MS                kills N TIMEOUT_MS SETTLE_MS: until N different tasks are killed;
 *                           then growers stop, and the victims have SETTLE_MS to go
 *   stop                    growers are killed, who is left is told
 * Out: the second serial line. Each piece begins with the byte 0x1e and a line that names it:
 *   event US RESULT COMMAND (its first words) | file SECTION PATH + its content
 *   task SECTION ID PID STATE GROWN_KB ERRNO | survivor ID | log + the whole kernel log
 *   end (without it the run was cut short)
 *
 * We are locked into memory and never the victim. SIGCHLD is ignored here and in all tasks, so
 * nobody leaves a zombie. Errors are told, not repaired: a task keeps its first errno.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { MAX_TASKS = 64, NAME = 16, INHERIT = 99999, POLL_US = 2000, READY = 2 };

struct task {
	char id[NAME], parent[NAME], cgroup[128], grow[8];
	long anon, shm, adj, step, delay, max;
	int mlock;
};

/* What a task tells us, on a page all of us share. */
struct seen {
	volatile pid_t pid;
	volatile int state, err;
	volatile long grown;
};

static struct task tasks[MAX_TASKS];
static int nr_tasks, out, kmsg;
static struct {
	volatile int go, stop;
	struct seen task[MAX_TASKS];
} *shared;

static long long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

#define tell(...) dprintf(out, __VA_ARGS__)

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int err = fd < 0 || write(fd, text, strlen(text)) < 0 ? errno : 0;

	close(fd);
	return err;
}

/* ---- what a task does ---- */

static int alive(int index)
{
	return shared->task[index].pid > 0 && !kill(shared->task[index].pid, 0);
}

static void note(struct seen *me, int err)
{
	if (!me->err)
		me->err = err;
}

static int touch(long kb, int flags, int lock)
{
	size_t length = kb << 10;
	volatile char *start;

	if (!length)
		return 0;
	start = mmap(NULL, length, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
	if (start == MAP_FAILED)
		return errno;
	for (size_t at = 0; at < length; at += 4096)
		start[at] = 1;
	return lock && mlock((void *)start, length) ? errno : 0;
}

static void grow(const struct task *task, struct seen *me)
{
	int flags = strcmp(task->grow, "shm") ? MAP_PRIVATE : MAP_SHARED;

	while (!shared->stop && !(task->max && me->grown + task->step > task->max)) {
		note(me, touch(task->step, flags, 0));
		me->grown += task->step;
		usleep(task->delay);
	}
}

static void start(int index);

static void live(int index)
{
	const struct task *task = &tasks[index];
	struct seen *me = &shared->task[index];
	char text[160];

	prctl(PR_SET_NAME, task->id);
	if (task->adj != INHERIT) {
		snprintf(text, sizeof(text), "%ld", task->adj);
		note(me, write_file("/proc/self/oom_score_adj", text));
	}
	if (task->cgroup[0]) {
		snprintf(text, sizeof(text), "/sys/fs/cgroup/%s/cgroup.procs", task->cgroup);
		note(me, write_file(text, "0"));
	}
	for (int child = 0; child < nr_tasks; child++)
		if (!strcmp(tasks[child].parent, task->id))
			start(child);
	note(me, touch(task->anon, MAP_PRIVATE, task->mlock));
	note(me, touch(task->shm, MAP_SHARED, task->mlock));
	me->state = READY;
	while (!shared->go)
		usleep(POLL_US);
	if (task->grow[0])
		grow(task, me);
	for (;;)
		pause();
}

/* Fork one task and wait until it is ready, or gone. */
static void start(int index)
{
	struct seen *it = &shared->task[index];
	pid_t pid = fork();

	if (pid == 0)
		live(index);
	it->pid = pid;
	while (it->state != READY && alive(index))
		usleep(POLL_US);
	if (it->state != READY)
		note(it, pid < 0 ? errno : -SIGKILL);
}

/* ---- what we see ---- */

static void show_file(const char *section, const char *path)
{
	static char buffer[4096];
	int fd = open(path, O_RDONLY);
	ssize_t length;

	if (fd < 0)
		return;
	tell("\036file %s %s\n", section, path);
	while ((length = read(fd, buffer, sizeof(buffer))) > 0)
		tell("%.*s", (int)length, buffer);
	close(fd);
}

static void show_procs(const char *section)
{
	static const char *const files[] = { "statm", "status", "oom_score", "oom_score_adj",
					     "smaps_rollup", "cgroup", NULL };
	char path[64];

	for (int i = -1; i < nr_tasks; i++) {
		struct seen us = { .pid = 1 }, *it = i < 0 ? &us : &shared->task[i];

		if (i >= 0)
			tell("\036task %s %s %d %d %ld %d\n", section, tasks[i].id, it->pid,
			     it->state, it->grown, it->err);
		for (int f = 0; files[f]; f++) {
			snprintf(path, sizeof(path), "/proc/%d/%s", it->pid, files[f]);
			show_file(section, path); /* those that are left: the dead have none */
		}
	}
}

/* The whole log, as its readers get it: a time before each line. */
static void show_log(void)
{
	static char buffer[4096];
	int length;

	tell("\036log\n");
	while (klogctl(9, NULL, 0) > 0 && (length = klogctl(2, buffer, sizeof(buffer))) > 0)
		tell("%.*s", (int)length, buffer);
}

/* Different tasks killed since `go`: a group kill names its first victim twice. */
static int kills_seen(void)
{
	static char record[8192];
	static int victims[MAX_TASKS], nr;
	ssize_t length;

	while ((length = read(kmsg, record, sizeof(record) - 1)) > 0 || errno == EPIPE) {
		const char *kill;
		int pid, known;

		record[length > 0 ? length : 0] = 0;
		kill = strstr(record, "Killed process ");
		known = !kill || sscanf(kill, "Killed process %d", &pid) != 1;
		for (int i = 0; i < nr && !known; i++)
			known = victims[i] == pid;
		if (!known && nr < MAX_TASKS)
			victims[nr++] = pid;
	}
	return nr;
}

/* ---- the script ---- */

static void define(char *rest)
{
	struct task *task = &tasks[nr_tasks++];
	char *word = strtok(rest, " ");

	snprintf(task->id, NAME, "%s", word);
	while ((word = strtok(NULL, " "))) {
		sscanf(word, "parent=%15s", task->parent);
		sscanf(word, "cgroup=%127s", task->cgroup);
		sscanf(word, "grow=%7s", task->grow);
		sscanf(word, "anon=%ld", &task->anon);
		sscanf(word, "shm=%ld", &task->shm);
		sscanf(word, "adj=%ld", &task->adj);
		sscanf(word, "mlock=%d", &task->mlock);
		sscanf(word, "step=%ld", &task->step);
		sscanf(word, "delay=%ld", &task->delay);
		sscanf(word, "max=%ld", &task->max);
	}
}

static long await_kills(const char *arguments)
{
	long long wanted, timeout, settle, begun = now_us();

	sscanf(arguments, "%lld %lld %lld", &wanted, &timeout, &settle);
	while (kills_seen() < wanted && now_us() - begun < timeout * 1000)
		usleep(POLL_US);
	shared->stop = 1;
	usleep(settle * 1000);
	return kills_seen();
}

static void stop_growers(void)
{
	shared->stop = 1;
	for (int i = 0; i < nr_tasks; i++) {
		if (!tasks[i].grow[0] && alive(i))
			tell("\036survivor %s\n", tasks[i].id);
		for (; tasks[i].grow[0] && alive(i); usleep(POLL_US))
			kill(shared->task[i].pid, SIGKILL);
	}
}

static long obey(const char *verb, char *rest)
{
	char *second = strchr(rest, ' ');
	long result = 0; /* an errno; of kills, how many */

	if (!strcmp(verb, "task")) {
		define(rest);
	} else if (!strcmp(verb, "mkdir")) {
		result = mkdir(rest, 0755) ? errno : 0;
	} else if (!strcmp(verb, "loglevel")) {
		result = klogctl(8, NULL, atoi(rest)) < 0 ? errno : 0;
	} else if (!strcmp(verb, "start")) {
		for (int i = 0; i < nr_tasks; i++)
			if (!tasks[i].parent[0])
				start(i);
	} else if (!strcmp(verb, "procs")) {
		show_procs(rest);
	} else if (!strcmp(verb, "watch")) {
		usleep(atol(rest) * 1000);
	} else if (!strcmp(verb, "go")) {
		lseek(kmsg, 0, SEEK_END);
		shared->go = 1;
	} else if (!strcmp(verb, "stop")) {
		stop_growers();
	} else if (!strcmp(verb, "kills")) {
		result = await_kills(rest);
	} else if (second) {
		*second++ = 0;
		if (!strcmp(verb, "write"))
			result = write_file(rest, second);
		else
			show_file(rest, second); /* cat */
	}
	return result;
}

int main(void)
{
	static char script[16384];
	char *next;
	struct termios raw;
	int fd;

	signal(SIGCHLD, SIG_IGN);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	mount("cgroup", "/sys/fs/cgroup", "cgroup2", 0, NULL);
	write_file("/proc/sys/vm/overcommit_memory", "1"); /* else mmap fails first, before 5.1 */
	out = open("/dev/ttyS1", O_WRONLY | O_NOCTTY);
	tcgetattr(out, &raw);
	cfmakeraw(&raw);
	tcsetattr(out, TCSANOW, &raw);
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* a touched page is a page; children inherit it */
	mlockall(MCL_CURRENT | MCL_FUTURE);

	fd = open("/script", O_RDONLY);
	read(fd, script, sizeof(script) - 1);
	for (char *line = strtok_r(script, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		char *rest = strchrnul(line, ' ');
		long result;

		if (*rest)
			*rest++ = 0;
		result = obey(line, rest);
		tell("\036event %lld %ld %s %s\n", now_us(), result, line, rest);
	}
	show_log();
	tell("\036end\n");
	tcdrain(out);
	return reboot(RB_POWER_OFF);
}
