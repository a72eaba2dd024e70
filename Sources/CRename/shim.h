// glibc declares it only to C programs that ask for GNU's extensions (stdio.h, renameat2(2)).
int renameat2(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, unsigned int flags);
