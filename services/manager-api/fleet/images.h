/* The guest images of the host: a directory that holds one directory an image, each with its
 * release record and the files it names. Nothing is kept in memory: what is asked for is read, so
 * that an image that was built anew is the one that starts next. */
#ifndef COCOS_MANAGER_FLEET_IMAGES_H
#define COCOS_MANAGER_FLEET_IMAGES_H

#include "lib/api/image.h"
#include "services/manager-api/vm/vm.h"

#define IMAGES_MAX    64
#define IMAGE_DEFAULT "eos"

struct image {
    char dir[VM_PATH_SIZE];
    struct image_record record;
    struct json *document; /* the whole record */
};

void image_release(struct image *image);
#define OWNED_IMAGE __attribute__((cleanup(image_release))) struct image

/* Reads the record of one. Errors: NOT_FOUND (no such image), INPUT and others (its record is bad).
 */
MUST_USE int image_load(const char *images_dir, const char *name, struct image *ret,
                        struct err *err);

/* How the image is started on a platform; NULL when it is not, or needs nothing special. */
const struct image_protection *image_protection_of(const struct image *image,
                                                   enum vm_platform platform);

/* Hashes every file that a start on the platform, or with Secure Boot, needs and compares with the
 * record. Errors: UNTRUSTED naming the file and both digests, NOT_FOUND, SYSTEM. */
MUST_USE int image_check(const struct image *image, enum vm_platform platform, bool secure_boot,
                         struct err *err);

/* All images by name: an array of {name, default, usable, problem, record}, where an image with a
 * bad record stands with the reason. Errors: NOT_FOUND (no directory), SYSTEM. */
MUST_USE int images_list(const char *images_dir, struct json **ret, struct err *err);

#endif
