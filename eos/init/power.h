/* The power: a button that the host can press, and the way out. */
#ifndef COCOS_EOS_POWER_H
#define COCOS_EOS_POWER_H

#include <stdbool.h>

/* The power button as an input device, or -1 when the machine has none. The caller closes it. */
int power_open_button(void);

/* True when the button was pressed; takes what is waiting. */
bool power_button_pressed(int fd);

void power_off(void) __attribute__((noreturn));

#endif
