/* A disk that fails on demand, for the tests: preloaded, it lets calls that write fail for files
 * below the folder FAILING_FOLDER while the file FAILING_SWITCH exists, which holds the number of
 * the error, such as 28 for ENOSPC or 5 for EIO. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int error_now(void) {
    const char *path = getenv("FAILING_SWITCH");
    char text[16] = "";
    int file = path ? NEXT(open)(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return 0;
    ssize_t size = NEXT(read)(file, text, sizeof text - 1);
    NEXT(close)(file);
    return size > 0 ? atoi(text) : 0;
}

static int is_below(const char *path) {
    const char *folder = getenv("FAILING_FOLDER");
    return folder && path && !strncmp(path, folder, strlen(folder));
}

static int fails_path(const char *path) {
    int saved = errno, error = is_below(path) ? error_now() : 0;
    errno = error ? error : saved;
    return error;
}

static int fails_file(int file) {
    char name[64], path[PATH_MAX];
    int saved = errno;
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    ssize_t size = readlink(name, path, sizeof path - 1);
    errno = saved;
    if (size < 0)
        return 0;
    path[size] = 0;
    return fails_path(path);
}

#define OF_FILE(type, name, parameters, ...)                                                       \
    type name parameters { return fails_file(file) ? -1 : NEXT(name)(__VA_ARGS__); }
#define OF_PATH(type, name, parameters, ...)                                                       \
    type name parameters { return fails_path(path) ? -1 : NEXT(name)(__VA_ARGS__); }

OF_FILE(ssize_t, write, (int file, const void *data, size_t size), file, data, size)
OF_FILE(ssize_t, pwrite, (int file, const void *data, size_t size, off_t at), file, data, size, at)
OF_FILE(ssize_t, pwrite64, (int file, const void *data, size_t size, off64_t at), file, data, size,
        at)
OF_FILE(ssize_t, writev, (int file, const struct iovec *parts, int count), file, parts, count)
OF_FILE(int, fsync, (int file), file)
OF_FILE(int, fdatasync, (int file), file)
OF_FILE(int, ftruncate, (int file, off_t size), file, size)
OF_FILE(int, ftruncate64, (int file, off64_t size), file, size)
OF_PATH(int, mkdir, (const char *path, mode_t mode), path, mode)
OF_PATH(int, rename, (const char *path, const char *to), path, to)

static int opened(const char *name, const char *path, int flags, mode_t mode) {
    if ((flags & O_CREAT) && access(path, F_OK) && fails_path(path))
        return -1;
    return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name))(path, flags, mode);
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...) {                                                   \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                    \
        va_end(rest);                                                                              \
        return opened(#name, path, flags, mode);                                                   \
    }

OPEN(open)
OPEN(open64)
