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

#endif

int ck_cores_of_groups(const char *memberships, const char *root) {
  int cores = 0;
#ifdef __linux__
  char line[4096], share_of_time[4096];
  snprintf(share_of_time, sizeof share_of_time, "%s/cpu", root);
  FILE *file = fopen(memberships, "r");
  if (!file) return 0;
  while (fgets(line, sizeof line, file)) {
    // What is longer names no group that could be looked up; its rest is no line of its own.
    if (!strchr(line, '\n') && !feof(file)) {
      for (int c = fgetc(file); c != '\n' && c != EOF;) c = fgetc(file);
      continue;
    }
    line[strcspn(line, "\n")] = 0;
    char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) continue;
    *group++ = 0;
    controllers++;
    if (!*controllers) {
      cores = lesser(cores, quota_of_group(root, group, 2));
    } else if (strcmp(controllers, "cpu") == 0 || strncmp(controllers, "cpu,", 4) == 0 || strstr(controllers, ",cpu,") ||
               (strlen(controllers) > 4 && strcmp(controllers + strlen(controllers) - 4, ",cpu") == 0)) {
      cores = lesser(cores, quota_of_group(share_of_time, group, 1));
    }
  }
  fclose(file);
#else
  (void)memberships, (void)root;
#endif
  return cores;
}

int ck_available_cores(void) {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    int cores = CPU_COUNT(&set), allowed = ck_cores_of_groups("/proc/self/cgroup", "/sys/fs/cgroup");
    return allowed > 0 && allowed < cores ? allowed : cores;
  }
#endif
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return cores > 0 ? (int)cores : 1;
}
