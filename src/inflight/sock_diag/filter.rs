//! The kernel-side port filter: a program of `inet_diag_bc_op` that accepts a list of ports.

const JMP: u8 = 1;
/// Since Linux 4.16; older kernels refuse the dump, which the self-test notices.
const S_EQ: u8 = 11;

/// The jump offsets are 16 bits wide.
pub(super) const MAX_PORTS: usize = 4_096;

/// "Source port is one of `ports`". Each comparison that fails goes to the next one; the last
/// one jumps past the end, which rejects. One that holds reaches a jump to exactly the end,
/// which accepts. `None`: no port, or too many for the jumps.
pub(super) fn any_of(ports: &[u16]) -> Option<Vec<u8>> {
    if ports.is_empty() || ports.len() > MAX_PORTS {
        return None;
    }
    let length = ports.len() * 12 - 4;
    let mut program = Vec::with_capacity(length);
    for (place, &port) in ports.iter().enumerate() {
        op(&mut program, S_EQ, 8, 12);
        op(&mut program, 0, 0, port);
        if place + 1 < ports.len() {
            let rest = length - program.len();
            op(&mut program, JMP, 4, rest as u16);
        }
    }
    Some(program)
}

fn op(program: &mut Vec<u8>, code: u8, yes: u8, no: u16) {
    program.extend([code, yes]);
    program.extend(no.to_ne_bytes());
}
