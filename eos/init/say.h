/* What process 1 has to say. Ordinary words go to the kernel's log, which only a debug image shows
 * on its console; the last words, why the guest powers off, go to the first serial port as well, so
 * that the host can tell a VM with too little memory from one that finished. Nothing secret is ever
 * said. */
#ifndef COCOS_EOS_SAY_H
#define COCOS_EOS_SAY_H

#include "lib/base/mem.h"

/* One line for the kernel's log. */
void say(const char *format, ...) PRINTF_LIKE(1, 2);

/* The same, for the kernel's log and the serial port. */
void say_last_words(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
