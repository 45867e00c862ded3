/* Counts the calls that keep something on a disk, below one folder, and makes one of them go wrong (LD_PRELOAD; see shim.py).
   The file that TORTURE_CONTROL names is shared by a process and all that it starts: they count together. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COUNT, ONCE, ON, SHORT, MOMENT, KILL, STOP };
enum { MOST = 4000 };
struct control {
  char folder[1024];      /* only calls below it count; empty: none */
  long mode, at;          /* what goes wrong, and at which call, from 1 */
  long count, hit;        /* calls so far; the process that was hit */
  char only[128];         /* a pattern of kind and path: no other calls count; empty: all do */
  char told[MOST][160];   /* the kind and the path of each call */
};
static struct control *c;

__attribute__((constructor)) static void begin(void) {
  const char *name = getenv("TORTURE_CONTROL");
  int fd = name ? (int)((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open"))(name, O_RDWR | O_CLOEXEC) : -1;
  void *got = fd < 0 ? MAP_FAILED : mmap(0, sizeof *c, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fd >= 0) close(fd);
  c = got == MAP_FAILED ? 0 : got;
}

/* The absolute path of what a call is about, if that lies below the folder. */
static int below(char *full, int dir, const char *path) {
  size_t n = 0, length;
  if (!c || !(length = strlen(c->folder))) return 0;
  if (!path || path[0] != '/') {
    char link[64];
    snprintf(link, sizeof link, dir == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", dir);
    ssize_t got = readlink(link, full, PATH_MAX);
    n = got < 0 ? 0 : (size_t)got;
    if (n < PATH_MAX && path) full[n++] = '/';
  }
  snprintf(full + n, PATH_MAX - n, "%s", path ? path : "");
  if (strncmp(full, c->folder, length) || (full[length] && full[length] != '/')) return 0;
  memmove(full, full + length, strlen(full + length) + 1);
  return 1;
}

/* 0: go on; 1: fail, errno says of what; 2: do half of it. */
static int point(char kind, const char *full) {
  if (c->only[0]) {
    char told[PATH_MAX + 3];
    regex_t pattern;
    snprintf(told, sizeof told, "%c %s", kind, full);
    if (regcomp(&pattern, c->only, REG_EXTENDED | REG_NOSUB)) abort();
    int other = regexec(&pattern, told, 0, 0, 0);
    regfree(&pattern);
    if (other) return 0;
  }
  long k = __sync_add_and_fetch(&c->count, 1);
  if (k <= MOST) snprintf(c->told[k - 1], sizeof c->told[0], "%c %s", kind, full);
  if (c->mode == COUNT || k < c->at || (k > c->at && (c->mode == ONCE || c->mode == KILL))) return 0;
  if (c->mode == MOMENT && kind != 'w') return k > c->at ? (c->mode = COUNT) : 0; /* there is room again */
  if (c->mode == STOP) return kill(getpid(), SIGSTOP);
  if (c->mode == SHORT && !strchr("cmw", kind)) return 0; /* a full disk lets remove, rename and truncate */
  c->hit = getpid();
  if ((c->mode == SHORT || c->mode == MOMENT || c->mode == KILL) && kind == 'w' && k == c->at) return 2;
  if (c->mode == KILL) kill(getpid(), SIGKILL);
  errno = c->mode == ONCE ? EIO : ENOSPC;
  return 1;
}

static ssize_t half(ssize_t done) { /* the rest never comes */
  if (c->mode == KILL) kill(getpid(), SIGKILL);
  if (done == 0) errno = ENOSPC;
  return done == 0 ? -1 : done;
}

#define CALL(type, name, kind, dir, path, parameters, ...)                        \
  type name parameters {                                                          \
    static type(*real) parameters;                                                \
    char full[PATH_MAX + 1];                                                      \
    if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name);                \
    if (below(full, dir, path) && point(kind, full)) return -1;                   \
    return real(__VA_ARGS__);                                                     \
  }
#define OPEN(name, dir, declared, ...)                                            \
  int name declared {                                                             \
    static int (*real) declared;                                                  \
    char full[PATH_MAX + 1];                                                      \
    va_list more;                                                                 \
    va_start(more, flags);                                                        \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;       \
    va_end(more);                                                                 \
    if (!real) real = (int (*) declared)dlsym(RTLD_NEXT, #name);                  \
    if (flags & O_CREAT && below(full, dir, path) && point('c', full)) return -1; \
    return real(__VA_ARGS__);                                                     \
  }
#define WRITE(name, file, parameters, whole, part)                                \
  ssize_t name parameters {                                                       \
    static ssize_t(*real) parameters;                                             \
    char full[PATH_MAX + 1];                                                      \
    if (!real) real = (ssize_t(*) parameters)dlsym(RTLD_NEXT, #name);             \
    int what = below(full, file, 0) ? point('w', full) : 0;                       \
    return what == 1 ? -1 : what == 2 ? half(part) : whole;                       \
  }

OPEN(open, AT_FDCWD, (const char *path, int flags, ...), path, flags, mode)
OPEN(open64, AT_FDCWD, (const char *path, int flags, ...), path, flags, mode)
OPEN(openat, dir, (int dir, const char *path, int flags, ...), dir, path, flags, mode)
OPEN(openat64, dir, (int dir, const char *path, int flags, ...), dir, path, flags, mode)
CALL(int, mkdir, 'm', AT_FDCWD, path, (const char *path, mode_t mode), path, mode)
CALL(int, mkdirat, 'm', dir, path, (int dir, const char *path, mode_t mode), dir, path, mode)
CALL(int, fsync, 's', file, 0, (int file), file)
CALL(int, fdatasync, 's', file, 0, (int file), file)
CALL(int, rename, 'r', AT_FDCWD, to, (const char *from, const char *to), from, to)
CALL(int, renameat, 'r', d, to, (int b, const char *from, int d, const char *to), b, from, d, to)
CALL(int, renameat2, 'r', d, to, (int b, const char *from, int d, const char *to, unsigned how), b, from, d, to, how)
CALL(int, link, 'c', AT_FDCWD, to, (const char *from, const char *to), from, to)
CALL(int, linkat, 'c', d, to, (int b, const char *from, int d, const char *to, int how), b, from, d, to, how)
CALL(int, unlink, 'u', AT_FDCWD, path, (const char *path), path)
CALL(int, unlinkat, 'u', dir, path, (int dir, const char *path, int how), dir, path, how)
CALL(int, rmdir, 'u', AT_FDCWD, path, (const char *path), path)
CALL(int, truncate, 't', AT_FDCWD, path, (const char *path, off_t size), path, size)
CALL(int, truncate64, 't', AT_FDCWD, path, (const char *path, off64_t size), path, size)
CALL(int, ftruncate, 't', file, 0, (int file, off_t size), file, size)
CALL(int, ftruncate64, 't', file, 0, (int file, off64_t size), file, size)
WRITE(write, file, (int file, const void *data, size_t n), real(file, data, n), real(file, data, n / 2))
WRITE(pwrite, file, (int file, const void *data, size_t n, off_t at), real(file, data, n, at), real(file, data, n / 2, at))
WRITE(pwrite64, file, (int file, const void *data, size_t n, off64_t at), real(file, data, n, at), real(file, data, n / 2, at))
WRITE(writev, file, (int file, const struct iovec *parts, int n), real(file, parts, n), real(file, parts, n / 2))
WRITE(sendfile, file, (int file, int from, off_t *at, size_t n), real(file, from, at, n), real(file, from, at, n / 2))
WRITE(sendfile64, file, (int file, int from, off64_t *at, size_t n), real(file, from, at, n), real(file, from, at, n / 2))
WRITE(copy_file_range, file, (int from, off64_t *a, int file, off64_t *b, size_t n, unsigned how),
      real(from, a, file, b, n, how), real(from, a, file, b, n / 2, how))
