#include "services/agent-api/attester/rtmr.h"

#include "lib/attest/evidence/run_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PLACE "devices/virtual/misc/tdx_guest/measurements"

int rtmr_extend(const char *sysfs, const uint8_t digest[static SHA256_SIZE], bool *ret_done,
                struct err *err)
{
    OWNED(free_str) char *path = mem_printf("%s/" PLACE "/rtmr%d:sha384", sysfs, RUN_RTMR);
    OWNED(close_fd) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    uint8_t value[SHA384_SIZE] = {0};

    *ret_done = false;
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return err_set_errno(err, ERR_SYSTEM, "open '%s'", path);
    memcpy(value, digest, SHA256_SIZE);
    if (write(fd, value, sizeof(value)) != (ssize_t)sizeof(value)) /* in one piece, or not at all */
        return err_set_errno(err, ERR_SYSTEM, "extend '%s'", path);
    *ret_done = true;
    return 0;
}
