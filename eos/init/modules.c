#include "eos/init/modules.h"

#include "lib/base/file.h"
#include "lib/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIST_MAX (16 * KIB)

int modules_parse_line(const char *line, struct module *ret, struct err *err)
{
    bool needed = text_starts_with(line, "need ");
    const char *name = needed ? line + 5 : line + 4;

    if ((!needed && !text_starts_with(line, "try ")) || !text_is_name(name, sizeof ret->name - 1))
        return err_set(err, ERR_INPUT, "not 'need NAME' or 'try NAME': '%s'", line);
    ret->needed = needed;
    snprintf(ret->name, sizeof ret->name, "%s", name);
    return 0;
}

static int load_module(int dir_fd, const struct module *module, struct err *err)
{
    OWNED(close_fd) int fd = -1;

    if (file_open_at(dir_fd, module->name, &fd, err) < 0)
        return -1;
    if (syscall(SYS_finit_module, fd, "", 0) == 0 || errno == EEXIST)
        return 0;
    if (!module->needed)
        return 0;
    return err_set_errno(err, ERR_SYSTEM, "load %s", module->name);
}

int modules_load(const char *dir, struct err *err)
{
    OWNED(close_fd) int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    OWNED_BUF list = BUF_OF(LIST_MAX);
    struct module module;
    char *rest = NULL;

    if (dir_fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open %s", dir);
    if (file_read_at(dir_fd, "list", &list, err) < 0)
        return err_wrap(err, "%s", dir);

    OWNED(free_str) char *text = buf_take(&list);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (modules_parse_line(line, &module, err) < 0 || load_module(dir_fd, &module, err) < 0)
            return err_wrap(err, "%s", dir);
    return 0;
}
