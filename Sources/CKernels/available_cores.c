#define _GNU_SOURCE
#include "ck_threads.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

int ck_cores_of_quota(const char *text) {
  double quota, period;
  if (sscanf(text, "%lf %lf", &quota, &period) != 2 || !(quota > 0) || !(period > 0)) return 0;
  double cores = quota / period;
  if (cores >= 1e6) return 0;
  int whole = (int)cores;
  return whole < cores ? whole + 1 : whole;
}

#ifdef __linux__
// The first line of a file; empty where there is none.
static void first_line(const char *path, char *line, int size) {
  line[0] = 0;
  FILE *file = fopen(path, "r");
  if (!file) return;
  if (!fgets(line, size, file)) line[0] = 0;
  fclose(file);
}

static int lesser(int a, int b) { return a == 0 ? b : b == 0 || a < b ? a : b; }

// The least quota of a group and of those that it is in, or 0.
static int quota_of_group(const char *mount, const char *group, int version) {
  int cores = 0;
  char path[4096], text[64], period[32];
  size_t length = strlen(group);
  for (;;) {
    if (version == 2) {
      snprintf(path, sizeof path, "%s%.*s/cpu.max", mount, (int)length, group);
      first_line(path, text, sizeof text);
    } else {
      snprintf(path, sizeof path, "%s%.*s/cpu.cfs_period_us", mount, (int)length, group);
      first_line(path, period, sizeof period);
      snprintf(path, sizeof path, "%s%.*s/cpu.cfs_quota_us", mount, (int)length, group);
      first_line(path, text, (int)(sizeof text - sizeof period));
      text[strcspn(text, "\n")] = 0;
      strcat(strcat(text, " "), period);
    }
    cores = lesser(cores, ck_cores_of_quota(text));
    while (length > 0 && group[length - 1] != '/') length--;
    if (length == 0) return cores;
    length--;
  }
}

// The quota of this process's own control group, or 0.
static int quota(void) {
  int cores = 0;
  char line[4096];
  FILE *file = fopen("/proc/self/cgroup", "r");
  if (!file) return 0;
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) continue;
    *group++ = 0;
    controllers++;
    if (!*controllers) {
      cores = lesser(cores, quota_of_group("/sys/fs/cgroup", group, 2));
    } else if (strcmp(controllers, "cpu") == 0 || strncmp(controllers, "cpu,", 4) == 0 || strstr(controllers, ",cpu,") ||
               (strlen(controllers) > 4 && strcmp(controllers + strlen(controllers) - 4, ",cpu") == 0)) {
      cores = lesser(cores, quota_of_group("/sys/fs/cgroup/cpu", group, 1));
    }
  }
  fclose(file);
  return cores;
}
#endif

int ck_available_cores(void) {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    int cores = CPU_COUNT(&set), allowed = quota();
    return allowed > 0 && allowed < cores ? allowed : cores;
  }
#endif
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return cores > 0 ? (int)cores : 1;
}
