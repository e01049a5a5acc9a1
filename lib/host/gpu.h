/* The GPUs of this host, and which of them can be handed to a VM.
 *
 * A VM gets a whole IOMMU group or nothing: what shares one could reach into the other's memory. So
 * a GPU whose group holds more than itself and bridges stays where it is. */
#ifndef COCOS_HOST_GPU_H
#define COCOS_HOST_GPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GPU_MAX          64
#define GPU_ADDRESS_SIZE 13 /* "0000:41:00.0" */

struct gpu {
    char address[GPU_ADDRESS_SIZE];
    uint16_t vendor, device;
    uint64_t window_bytes; /* of the addresses that it wants above 4 GiB */
    bool available;
    char reason[128]; /* why not; "" when it is */
};

/* Looks, and fills ret in the order of addresses; the number of them. root is put before every path
 * ("" for the host itself). */
size_t gpu_list(const char *root, struct gpu ret[static GPU_MAX]);

#endif
