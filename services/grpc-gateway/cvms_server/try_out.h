/* `cocos-gateway cvms-server`: a computation server of the older kind, to try a machine with that
 * dials out to one. A program of its own in the gateway's file, with settings of its own. */
#ifndef COCOS_GATEWAY_CVMS_SERVER_TRY_OUT_H
#define COCOS_GATEWAY_CVMS_SERVER_TRY_OUT_H

#define TRY_OUT_WORD "cvms-server"

/* argv[0] is the word. What the program exits with. */
int try_out_main(int argc, char **argv);

#endif
