/* What process 1 and the tasks of a scene have in common. */
#define _GNU_SOURCE
#include <sys/types.h>

enum { MAX_TASKS = 64, NAME = 16, INHERIT = 99999, POLL_US = 2000, READY = 2 };

/* One line of the script; sizes in kB, delay in us, hold in ms. */
struct task {
	char id[NAME], parent[NAME], target[NAME], cgroup[128], grow[8], behaviour[12], trace[8];
	long anon, shm, file, zero, adj, step, delay, max, hold;
	int mlock, threads, group;
};

/* What a task tells us, on a page all of us share. */
struct seen {
	volatile pid_t pid;
	volatile int state, err;
	volatile long grown;
};

struct scene {
	volatile unsigned go; /* one bit a group */
	volatile int stop;
	struct seen task[MAX_TASKS];
};

extern struct task tasks[MAX_TASKS];
extern int nr_tasks;
extern struct scene *shared;

int write_file(const char *path, const char *text);
int alive(int index);
void start(int index);
