/* A configfs-tsm in a directory of our own: entries come with their files when they are made, as
 * the kernel's do, and go with them. What was asked is kept. */
#ifndef COCOS_TESTS_FAKE_TSM_H
#define COCOS_TESTS_FAKE_TSM_H

#include "services/agent-api/attester/tsm.h"

struct fake_tsm {
    char dir[64];
    const char *provider;       /* NULL: making fails, as without a device */
    struct span report;         /* of outblob */
    struct span certificates;   /* of auxblob; empty: there is no such file */
    struct span manifest;       /* of manifestblob; empty: this kernel knows no services */
    unsigned disturbed;         /* so many questions are interrupted by another's write */
    unsigned made;              /* entries so far */
    unsigned left;              /* entries that are there */
    uint8_t asked[SHA512_SIZE]; /* the last inblob */
    char service[64];           /* the last service_guid */
};

/* The one there is; every field may be changed between questions. */
extern struct fake_tsm fake_tsm;
extern const struct tsm_kernel fake_tsm_kernel; /* after fake_tsm_begin() */

void fake_tsm_begin(void);
void fake_tsm_end(void);

#endif
