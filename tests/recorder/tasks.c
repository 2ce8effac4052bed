/* What a task of the scene does: takes its memory, gets ready, waits for its group's `go`, then
 * grows, forks, traces, or rests. scene.h has the words; nothing here guesses what was meant.
 */
#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void note(struct seen *me, int err)
{
	if (!me->err)
		me->err = err;
}

static int is(const char *text, const char *word)
{
	return !strcmp(text, word);
}

int alive(int index)
{
	return shared->task[index].pid > 0 && !kill(shared->task[index].pid, 0);
}

static int task_named(const char *id)
{
	for (int i = 0; i < nr_tasks; i++)
		if (is(tasks[i].id, id))
			return i;
	return -1;
}

/* Map and write `kb`, of a file if there is one; the errno if that fails. */
static int touch(long kb, int flags, int fd, int lock)
{
	size_t length = kb << 10;
	volatile char *start;

	if (!length)
		return 0;
	if (fd < 0)
		flags |= MAP_ANONYMOUS;
	else if (ftruncate(fd, length))
		return errno;
	start = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (start == MAP_FAILED)
		return errno;
	for (size_t at = 0; at < length; at += 4096)
		start[at] = 1;
	return lock && mlock((void *)start, length) ? errno : 0;
}

/* write() to a file in tmpfs: memory that is in no process, and outlives all of them. */
static int write_tmpfs(long kb, int fd)
{
	static char page[4096];

	for (long done = 0; done < kb; done += 4)
		if (write(fd, page, sizeof(page)) < 0)
			return errno;
	return 0;
}

static void grow(const struct task *task, struct seen *me)
{
	int flags = is(task->grow, "shm") ? MAP_SHARED : MAP_PRIVATE, fd = -1, err;
	char path[64];

	if (is(task->grow, "tmpfs")) {
		snprintf(path, sizeof(path), "/tmp/%s", task->id);
		fd = open(path, O_CREAT | O_WRONLY, 0600);
	}
	while (!shared->stop && !(task->max && me->grown + task->step > task->max)) {
		err = fd < 0 ? touch(task->step, flags, -1, 0) : write_tmpfs(task->step, fd);
		note(me, err);
		if (!err)
			me->grown += task->step;
		usleep(task->delay);
	}
}

/* Children of ours and no grandchildren: each touches `step` of its own. */
static void forkbomb(const struct task *task, struct seen *me)
{
	while (!shared->stop) {
		pid_t pid = fork();

		if (pid == 0) {
			touch(task->step, MAP_PRIVATE, -1, 0);
			for (;;)
				pause();
		}
		note(me, pid < 0 ? errno : 0);
		me->grown += pid > 0;
		usleep(task->delay);
	}
}

/* Hold the target before exit_mm(): it cannot free its memory by itself. */
static void hold_at_exit(const struct task *task, pid_t target)
{
	int status;

	while (waitpid(target, &status, __WALL) == target)
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
			usleep(task->hold * 1000);
			ptrace(PTRACE_DETACH, target, NULL, NULL);
			return;
		}
}

/* mprotect() over and over: a walk of page tables each, with mmap_lock held for write. */
static void protect(void *zeros, long kb, struct seen *me)
{
	me->grown = 1;
	for (int on = 0;; on = !on)
		mprotect(zeros, kb << 10, on ? PROT_READ : PROT_NONE);
}

static void *rest(void *unused)
{
	for (;;)
		pause();
	return unused;
}

void live(int index)
{
	const struct task *task = &tasks[index];
	struct seen *me = &shared->task[index];
	char text[160];
	void *zeros = NULL;
	int fd = -1;
	pid_t target = 0;

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
		if (is(tasks[child].parent, task->id))
			start(child);
	note(me, touch(task->anon, MAP_PRIVATE, -1, task->mlock));
	note(me, touch(task->shm, MAP_SHARED, -1, task->mlock));
	if (task->file) {
		snprintf(text, sizeof(text), "/file.%s", task->id);
		fd = open(text, O_CREAT | O_RDWR, 0600);
		note(me, touch(task->file, MAP_SHARED, fd, 0));
	}
	if (task->zero)
		zeros = mmap(NULL, task->zero << 10, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE, -1, 0);
	for (int i = 0; i < task->threads; i++) {
		pthread_t thread;

		note(me, pthread_create(&thread, NULL, rest, NULL));
	}
	if (is(task->behaviour, "trace")) {
		int exits = is(task->trace, "exit");

		target = shared->task[task_named(task->target)].pid;
		if (ptrace(PTRACE_SEIZE, target, NULL, exits ? PTRACE_O_TRACEEXIT : 0) ||
		    (!exits && ptrace(PTRACE_INTERRUPT, target, NULL, NULL)))
			note(me, errno);
	}
	me->state = READY;
	if (is(task->behaviour, "leaderexit"))
		syscall(SYS_exit, 0); /* this thread alone */
	while (!is(task->behaviour, "trace") && !(shared->go & 1u << task->group))
		usleep(POLL_US);
	if (task->grow[0])
		grow(task, me);
	if (is(task->behaviour, "forkbomb"))
		forkbomb(task, me);
	if (is(task->behaviour, "protect"))
		protect(zeros, task->zero, me);
	if (is(task->behaviour, "trace") && is(task->trace, "exit"))
		hold_at_exit(task, target);
	rest(NULL);
}

/* Fork one task and wait until it is ready, or gone. */
void start(int index)
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
