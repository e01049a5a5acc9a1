/* Devices of a PCI bus that is a tree of files. */
#ifndef COCOS_TESTS_HOST_GPU_MAKE_H
#define COCOS_TESTS_HOST_GPU_MAKE_H

#include "tests/unit/manager/scratch.h"

/* A device of the PCI bus, in a group with those named ("" for none). */
static inline void gpu_make(const struct scratch *host, const char *address, const char *class,
                            const char *group)
{
    OWNED(free_str)
    char *dir = mem_printf("%s/sys/bus/pci/devices/%s", host->path, address);
    const char *const files[][2] = {{"class", class},
                                    {"vendor", "0x10de\n"},
                                    {"device", "0x2330\n"},
                                    {"resource",
                                     "0x00000000d0000000 0x00000000d0ffffff 0x0000000000040200\n"
                                     "0x0000380000000000 0x0000381fffffffff 0x000000000014220c\n"
                                     "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"}};
    struct err err;

    assert_ok(file_make_dirs(dir, 0755, &err));
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        OWNED(free_str) char *path = mem_printf("%s/%s", dir, files[i][0]);

        assert_ok(file_replace(path, span_of_str(files[i][1]), 0644, &err));
    }
    for (const char *at = group; *at != '\0'; at += strcspn(at, " ") + (strchr(at, ' ') != NULL)) {
        OWNED(free_str)
        char *member = mem_printf("%s/iommu_group/devices/%.*s", dir, (int)strcspn(at, " "), at);

        assert_ok(file_make_dirs(member, 0755, &err));
    }
}

#endif
