/* CRC-32 as Ethernet, zip and IGVM have it (reflected polynomial 0xedb88320). A check against
 * accidents, never against people. */
#ifndef COCOS_BASE_CRC32_H
#define COCOS_BASE_CRC32_H

#include "lib/base/span.h"

/* The CRC of bytes, continued from an earlier result; start with 0. */
uint32_t crc32_add(uint32_t crc, struct span bytes);

#endif
