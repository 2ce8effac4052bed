/* Process 1 of the recorder's guest: sets a scene, lets memory run out, tells what it saw.
 *
 * In: /script, one command a line (record.py writes it; nothing here guesses what was meant):
 *   mkdir PATH              write PATH TEXT           loglevel N
 *   task ID key=value...    see define(); tasks are only noted until `start` forks them, each ready
 *                           (its children forked, its memory touched) before the next is begun
 *   cat SECTION PATH        procs SECTION             one file; the /proc files of all tasks and us
 *   go GROUP                a group of tasks begins what it is to do
 *   watch MS                kills N TIMEOUT_MS SETTLE_MS: until N different tasks are killed;
 *                           then growers stop, and the victims have SETTLE_MS to go
 *   until ID N TIMEOUT_MS   until a task has grown that far    resume: growers need not stop
 *   sig ID N    setadj ID ADJ    mrelease ID KILL    clock: a line for the log that tells our time
 *   stop                    growers are killed, who is left is told
 * Out: the second serial line. Each piece begins with the byte 0x1e and a line that names it:
 *   event US RESULT COMMAND (its first words) | file SECTION PATH + its content
 *   task SECTION ID PID STATE GROWN_KB ERRNO | survivor ID | log + the whole kernel log
 *   end (without it the run was cut short)
 *
 * We are locked into memory and never the victim. SIGCHLD is ignored here and in all tasks, so no
 * task leaves a zombie. Errors are told, not repaired: a task keeps its first errno.
 */
#include "scene.h"

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
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

struct task tasks[MAX_TASKS];
struct scene *shared;
int nr_tasks;
static int out, kmsg;

static long long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

#define tell(...) dprintf(out, __VA_ARGS__)

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int err = fd < 0 || write(fd, text, strlen(text)) < 0 ? errno : 0;

	close(fd);
	return err;
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
		sscanf(word, "behaviour=%11s", task->behaviour);
		sscanf(word, "grow=%7s", task->grow);
		sscanf(word, "trace=%7s", task->trace);
		sscanf(word, "target=%15s", task->target);
		sscanf(word, "hold=%ld", &task->hold);
		sscanf(word, "group=%d", &task->group);
		sscanf(word, "threads=%d", &task->threads);
		sscanf(word, "anon=%ld", &task->anon);
		sscanf(word, "shm=%ld", &task->shm);
		sscanf(word, "file=%ld", &task->file);
		sscanf(word, "zero=%ld", &task->zero);
		sscanf(word, "adj=%ld", &task->adj);
		sscanf(word, "mlock=%d", &task->mlock);
		sscanf(word, "step=%ld", &task->step);
		sscanf(word, "delay=%ld", &task->delay);
		sscanf(word, "max=%ld", &task->max);
	}
}

static int named(const char *id)
{
	size_t length = strcspn(id, " ");
	int i = nr_tasks - 1;

	while (i > 0 && (strncmp(tasks[i].id, id, length) || tasks[i].id[length]))
		i--;
	return i;
}

static long await_task(const char *arguments)
{
	struct seen *it = &shared->task[named(arguments)];
	long long begun = now_us();
	long wanted, timeout;

	sscanf(arguments, "%*s %ld %ld", &wanted, &timeout);
	while (it->grown < wanted && now_us() - begun < timeout * 1000)
		usleep(POLL_US);
	return it->grown;
}

/* process_mrelease(2), after a SIGKILL if asked for. */
static long release(const char *arguments)
{
	pid_t pid = shared->task[named(arguments)].pid;
	int fd = syscall(434, pid, 0); /* pidfd_open */
	int kill_first = 0;

	sscanf(arguments, "%*s %d", &kill_first);
	if (kill_first)
		kill(pid, SIGKILL);
	return syscall(448, fd, 0) ? errno : 0;
}

static long set_adj(const char *arguments)
{
	char path[64], adj[16];

	sscanf(arguments, "%*s %15s", adj);
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", shared->task[named(arguments)].pid);
	return write_file(path, adj);
}

static long tell_clock(void)
{
	char line[64];

	snprintf(line, sizeof(line), "<6>recorder: monotonic %lld us\n", now_us());
	return write_file("/dev/kmsg", line);
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
		int grows = tasks[i].grow[0] || !strcmp(tasks[i].behaviour, "forkbomb");

		if (!grows && alive(i))
			tell("\036survivor %s\n", tasks[i].id);
		for (; grows && alive(i); usleep(POLL_US))
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
		shared->go |= 1u << atoi(rest);
	} else if (!strcmp(verb, "resume")) {
		shared->stop = 0;
	} else if (!strcmp(verb, "until")) {
		result = await_task(rest);
	} else if (!strcmp(verb, "mrelease")) {
		result = release(rest);
	} else if (!strcmp(verb, "setadj")) {
		result = set_adj(rest);
	} else if (!strcmp(verb, "clock")) {
		result = tell_clock();
	} else if (!strcmp(verb, "sig")) {
		result = kill(shared->task[named(rest)].pid, second ? atoi(second) : 0) ? errno : 0;
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
	mount("trace", "/sys/kernel/tracing", "tracefs", 0, NULL);
	mount("tmpfs", "/tmp", "tmpfs", 0, "size=0"); /* as large as it wants to be */
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
