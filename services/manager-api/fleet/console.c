#include "lib/base/file.h"
#include "lib/program/log.h"
#include "services/manager-api/fleet/entry.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONSOLE_TAIL (256 * KIB)

static int read_tail(const char *path, struct buf *out, struct err *err)
{
    OWNED(close_fd) int fd = -1;
    struct stat info;

    if (file_open_at(AT_FDCWD, path, &fd, err) < 0)
        return -1;
    if (fstat(fd, &info) < 0)
        return err_set_errno(err, ERR_SYSTEM, "the console's log");
    if ((uint64_t)info.st_size > CONSOLE_TAIL &&
        lseek(fd, info.st_size - (off_t)CONSOLE_TAIL, SEEK_SET) < 0)
        return err_set_errno(err, ERR_SYSTEM, "the console's log");
    return file_read_fd(fd, out, err);
}

/* OVMF's words about a program that its keys do not let start. Only a guest that has not spoken yet
 * is listened to, and what it can bring about with them is its own end. */
const char *console_find_refusal(const struct share_paths *paths)
{
    static const char *const words[] = {"Access Denied", "Security Violation"};
    OWNED_BUF text = BUF_OF(CONSOLE_TAIL);
    const char *line = NULL;
    struct err unused;

    if (read_tail(paths->console, &text, &unused) < 0)
        return NULL;
    line = strstr(buf_str(&text), "BdsDxe: failed to ");
    for (size_t i = 0; line != NULL && i < COUNT_OF(words); i++)
        if (strstr(line, words[i]) != NULL)
            return words[i];
    return NULL;
}

int fleet_console(struct fleet *fleet, const struct fleet_caller *caller, const char *id,
                  struct buf *out, struct err *err)
{
    const struct entry *entry = NULL;
    struct share_paths paths;
    char image[VM_NAME_SIZE] = "";
    bool debug = false;

    pthread_mutex_lock(&fleet->lock);
    entry = fleet_find_for(fleet, caller, id);
    if (entry != NULL) {
        debug = entry->record.debug;
        memcpy(image, entry->record.image, sizeof(image));
    }
    pthread_mutex_unlock(&fleet->lock);

    if (image[0] == '\0')
        return err_set(err, ERR_NOT_FOUND, "there is no such VM");
    if (!debug)
        return err_set(err, ERR_STATE, "image '%s' is no debug image: its console goes nowhere",
                       image);
    if (share_paths_of(fleet->state_dir, id, &paths, err) < 0)
        return -1;
    if (read_tail(paths.console, out, err) < 0) {
        log_warn("%s", err->text);
        return err_set(err, ERR_SYSTEM, "the console's log cannot be read");
    }
    return 0;
}
