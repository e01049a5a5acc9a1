#include "services/agent-api/attester/tsm.h"

#include "lib/base/file.h"
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTEMPTS  5
#define VALUE_MAX 64

static int linux_make(int root_fd, const char *name)
{
    return mkdirat(root_fd, name, 0700);
}

static int linux_remove(int root_fd, const char *name)
{
    return unlinkat(root_fd, name, AT_REMOVEDIR);
}

const struct tsm_kernel tsm_linux = {TSM_ROOT, linux_make, linux_remove};

void tsm_answer_done(struct tsm_answer *answer)
{
    buf_done(&answer->report);
    buf_done(&answer->certificates);
    buf_done(&answer->manifest);
}

/* --- one directory, while it is there -------------------------------------------------------- */

struct entry {
    const struct tsm_kernel *kernel;
    int root_fd, fd;
    char name[48];
    unsigned writes; /* ours, which the kernel counts too */
};

static void entry_close(struct entry *entry)
{
    if (entry->fd >= 0) {
        close(entry->fd);
        entry->kernel->remove(entry->root_fd, entry->name);
    }
    if (entry->root_fd >= 0)
        close(entry->root_fd);
}
#define OWNED_ENTRY __attribute__((cleanup(entry_close))) struct entry

static int entry_open(struct entry *entry, struct err *err)
{
    static atomic_uint count; /* a name is for one question */

    snprintf(entry->name, sizeof(entry->name), "cocos-%d-%u", (int)getpid(),
             atomic_fetch_add(&count, 1));
    entry->root_fd = open(entry->kernel->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (entry->root_fd < 0)
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM, "open '%s'",
                             entry->kernel->root);
    /* Without a device that makes reports the kernel answers ENXIO. */
    if (entry->kernel->make(entry->root_fd, entry->name) < 0)
        return err_set_errno(err, errno == ENXIO || errno == ENODEV ? ERR_NOT_FOUND : ERR_SYSTEM,
                             "ask for a report");
    entry->fd = openat(entry->root_fd, entry->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (entry->fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open '%s'", entry->name);
    return 0;
}

static int put(struct entry *entry, const char *attribute, struct span value, struct err *err)
{
    OWNED(close_fd) int fd = openat(entry->fd, attribute, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return err_set_errno(err, errno == ENOENT ? ERR_UNSUPPORTED : ERR_SYSTEM, "open %s",
                             attribute);
    if (write(fd, value.data, value.len) != (ssize_t)value.len) /* in one piece, or not at all */
        return err_set_errno(err, ERR_SYSTEM, "write %s", attribute);
    entry->writes++;
    return 0;
}

static int get(const struct entry *entry, const char *attribute, struct buf *out, struct err *err)
{
    OWNED(close_fd) int fd = openat(entry->fd, attribute, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM, "open %s",
                             attribute);
    if (file_read_fd(fd, out, err) < 0)
        return err_wrap(err, "%s", attribute);
    return 0;
}

static int get_line(const struct entry *entry, const char *attribute, char *out, size_t size,
                    struct err *err)
{
    OWNED_BUF text = BUF_OF(VALUE_MAX);

    if (get(entry, attribute, &text, err) < 0)
        return -1;
    while (text.len > 0 && text.data[text.len - 1] <= ' ')
        text.len--;
    if (text.len >= size)
        return err_set(err, ERR_SYSTEM, "%s: %zu bytes", attribute, text.len);
    snprintf(out, size, "%.*s", (int)text.len, text.len > 0 ? (const char *)text.data : "");
    return 0;
}

/* --- asking ---------------------------------------------------------------------------------- */

static int write_question(struct entry *entry, const struct tsm_question *question, struct err *err)
{
    if (question->service != NULL &&
        (put(entry, "service_provider", span_of_str("svsm"), err) < 0 ||
         put(entry, "service_guid", span_of_str(question->service), err) < 0))
        return -1;
    return put(entry, "inblob", SPAN_OF_ARRAY(question->report_data), err);
}

/* Not every provider has certificates, and not every kernel the file for them. */
static int read_certificates(const struct entry *entry, struct buf *out, struct err *err)
{
    if (get(entry, "auxblob", out, err) == 0 || err->kind == ERR_NOT_FOUND)
        return 0;
    buf_reset(out);
    return err->kind == ERR_SYSTEM ? 0 : -1;
}

static int read_answer(const struct entry *entry, const struct tsm_question *question,
                       struct tsm_answer *ret, struct err *err)
{
    if (get_line(entry, "provider", ret->provider, sizeof(ret->provider), err) < 0 ||
        get(entry, "outblob", &ret->report, err) < 0 ||
        read_certificates(entry, &ret->certificates, err) < 0)
        return -1;
    if (question->service != NULL && get(entry, "manifestblob", &ret->manifest, err) < 0)
        return -1;
    if (ret->report.len == 0)
        return err_set(err, ERR_SYSTEM, "outblob is empty");
    return 0;
}

/* *ret_whole: nobody else wrote meanwhile. */
static int ask_once(const struct tsm_kernel *kernel, const struct tsm_question *question,
                    struct tsm_answer *ret, bool *ret_whole, struct err *err)
{
    OWNED_ENTRY entry = {.kernel = kernel, .root_fd = -1, .fd = -1};
    char before[VALUE_MAX], after[VALUE_MAX];
    char expected[VALUE_MAX];

    if (entry_open(&entry, err) < 0 || write_question(&entry, question, err) < 0 ||
        get_line(&entry, "generation", before, sizeof(before), err) < 0 ||
        read_answer(&entry, question, ret, err) < 0 ||
        get_line(&entry, "generation", after, sizeof(after), err) < 0)
        return -1;
    snprintf(expected, sizeof(expected), "%u", entry.writes);
    *ret_whole = strcmp(before, expected) == 0 && strcmp(after, expected) == 0;
    return 0;
}

int tsm_ask(const struct tsm_kernel *kernel, const struct tsm_question *question,
            struct tsm_answer *ret, struct err *err)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        OWNED_TSM_ANSWER answer = {.report = BUF_OF(TSM_REPORT_MAX),
                                   .certificates = BUF_OF(TSM_CERTIFICATE_MAX),
                                   .manifest = BUF_OF(TSM_MANIFEST_MAX)};
        bool whole = false;

        if (ask_once(kernel, question, &answer, &whole, err) < 0)
            return err_wrap(err, "configfs-tsm");
        if (!whole)
            continue;
        *ret = answer;
        answer = (struct tsm_answer){.provider = ""};
        return 0;
    }
    return err_set(err, ERR_SYSTEM, "configfs-tsm: somebody else asks at the same time, always");
}

int tsm_find_provider(const struct tsm_kernel *kernel, char *out, size_t size, struct err *err)
{
    OWNED_ENTRY entry = {.kernel = kernel, .root_fd = -1, .fd = -1};

    if (entry_open(&entry, err) < 0 || get_line(&entry, "provider", out, size, err) < 0)
        return err_wrap(err, "configfs-tsm");
    return 0;
}
