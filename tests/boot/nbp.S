# A network boot program that asks for the files of its image as Windows' own do.
#
# A PXE ROM, pxelinux or iPXE loads it to 0000:7C00 and starts it there in real mode, with
# a far pointer to the !PXE structure on the stack behind the return address. It speaks
# to the BIOS's console, which is the serial line. `image`, the name that it was made
# with, is appended by the tests.

.code16
.text
.globl _start
_start:
        cld
        movw %sp, %bp
        lesw 4(%bp), %bx                # ES:BX is the !PXE structure;
        movl %es:0x10(%bx), %eax        # at 16 the entry for real mode
        xorw %cx, %cx
        movw %cx, %ds
        movw %cx, %es
        movl %eax, entry

        movw $started, %si
        call print
        movw $image, %si
        call print
        call end_line
        call find_server

        movw $names, %si
next:   cmpb $0, (%si)
        je   finish
        call ask
        jmp  next
finish: movw $done, %si
        call print
stop:   sti                             # or the console would keep its last bytes
        hlt
        jmp  stop

# The server is the one that the DHCP answer names (siaddr).
find_server:
        movw $0x71, %bx                 # PXENV_GET_CACHED_INFO
        movw $cached, %di
        call pxe
        lesw cached+6, %bx              # where the ROM keeps the answer
        movl %es:20(%bx), %eax
        movl %eax, server
        xorw %cx, %cx
        movw %cx, %es
        ret

# Asks for the file named at SI, its size first, as boot managers do; prints one line.
# SI is then behind the name.
ask:    movw %si, name
        call print
        pushw %si
        movw $0x25, %bx                 # PXENV_TFTP_GET_FSIZE
        movw $size, %di
        movw $size+10, %bp
        call pxe_with_name
        jnz  absent
        movl $room, read+130            # in: the room; out: the bytes that came
        movw $0x23, %bx                 # PXENV_TFTP_READ_FILE
        movw $read, %di
        movw $read+2, %bp
        call pxe_with_name
        jnz  absent
        movw $is, %si
        call print
        movl read+130, %ecx
        movw $buffer, %si
        call print_bytes
        jmp  asked
absent: movw $is_absent, %si
        call print
asked:  call end_line
        popw %si
        ret

# Copies the name to BP, the server's address to both structures, and calls.
pxe_with_name:
        pushw %di
        movw %bp, %di
        movw name, %si
1:      lodsb
        stosb
        testb %al, %al
        jnz  1b
        popw %di
        movl server, %eax
        movl %eax, size+2
        movl %eax, read+138

# Calls the ROM: BX is the function, DI its structure. ZF is set when it succeeded.
pxe:    pushw %ds
        pushw %di
        pushw %bx
        lcallw *entry
        addw $6, %sp
        cld
        xorw %cx, %cx
        movw %cx, %ds
        movw %cx, %es
        testw %ax, %ax
        ret

end_line:
        movw $newline, %si
# Prints up to a zero byte; SI is then behind it.
print:  lodsb
        testb %al, %al
        jz   1f
        call put
        jmp  print
1:      ret

# Prints CX bytes at SI on one line.
print_bytes:
        jcxz 1f
        lodsb
        cmpb $' ', %al
        jae  2f
        movb $' ', %al
2:      call put
        decw %cx
        jmp  print_bytes
1:      ret

# One byte to the BIOS's console. It keeps what it is given for a moment: written to the
# port directly, bytes would come between those that the boot loader has left there.
put:    pushaw
        movb $0x0e, %ah
        movw $7, %bx
        int  $0x10
        popaw
        ret

.set room, 1024
started:   .asciz "\r\nnbp: started from "
newline:   .asciz "\r\n"
is:        .asciz " is "
is_absent: .asciz " is absent"
done:      .asciz "nbp: done\r\n"
names:     .asciz "\\Boot\\BCD"
           .asciz "\\boot\\fonts\\wgl4_boot.ttf"
           .asciz "\\hiberfil.sys"
           .byte 0

.balign 4
entry:     .long 0
server:    .long 0
name:      .word 0
cached:    .word 0, 2, 0, 0, 0, 0       # status, DHCPACK, room, offset, segment, limit
size:      .fill 142, 1, 0              # status, server, gateway, name[128], size
read:      .fill 130, 1, 0              # status, name[128],
           .long room, buffer           # room and place of the content,
           .long 0, 0, 0                # server, gateway, multicast,
           .word 0, 0x4500, 0, 0        # ports (69, high byte first), timeouts
buffer:    .fill room, 1, 0
