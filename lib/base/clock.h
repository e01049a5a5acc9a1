/* What time it is. For programs only: the domain gets the time as an argument. */
#ifndef COCOS_BASE_CLOCK_H
#define COCOS_BASE_CLOCK_H

#include <stdint.h>

/* Seconds and milliseconds since 1970, UTC; may jump when somebody sets the clock. */
int64_t clock_now(void);
int64_t clock_now_ms(void);

/* Milliseconds since some fixed moment; never jumps, and counts suspended time too. For deadlines.
 */
int64_t clock_monotonic_ms(void);

#endif
