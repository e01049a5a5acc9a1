#include "services/agent-api/attester/logs.h"

#include "lib/base/file.h"

static const char *const tcg_paths[] = {
    "kernel/security/tpm0/binary_bios_measurements",
    "firmware/acpi/tables/data/CCEL", /* ACPI 6.5, 5.2.36: TDX's event log */
    NULL,
};
static const char *const ima_paths[] = {
    "kernel/security/integrity/ima/binary_runtime_measurements",
    "kernel/security/ima/binary_runtime_measurements",
    NULL,
};

/* The first of them that is there. */
static int read_first(const char *sysfs, const char *const paths[], struct buf *out,
                      struct err *err)
{
    buf_reset(out);
    for (size_t i = 0; paths[i] != NULL; i++) {
        OWNED(free_str) char *path = mem_printf("%s/%s", sysfs, paths[i]);

        if (file_read(path, out, err) == 0)
            return 0;
        if (err->kind != ERR_NOT_FOUND)
            return err_wrap(err, "'%s'", path);
    }
    return 0;
}

int logs_read_ima(const char *sysfs, struct buf *ima, struct err *err)
{
    return read_first(sysfs, ima_paths, ima, err);
}

int logs_read(const char *sysfs, struct buf *tcg, struct buf *ima, struct err *err)
{
    if (read_first(sysfs, tcg_paths, tcg, err) < 0)
        return -1;
    return logs_read_ima(sysfs, ima, err);
}
