/* The exact bytes of a member, for documents of which somebody signed a part as it is written: a
 * value that was parsed and written again may differ in a blank, and then nothing is signed. */
#ifndef COCOS_JSON_MEMBER_TEXT_H
#define COCOS_JSON_MEMBER_TEXT_H

#include "lib/base/span.h"

/* text: one object, which json_parse() takes. The value of its member as it stands there, without
 * the blanks around it. False when the object has no such member, or writes its name with escapes.
 */
bool json_find_text(struct span text, const char *key, struct span *ret);

#endif
