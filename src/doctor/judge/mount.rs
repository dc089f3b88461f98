//! Is the mount there, does it answer, and may others than its owner look?

use crate::doctor::case::Case;
use crate::doctor::finding::Finding;
use crate::doctor::machine::mount::State;
use crate::doctor::machine::process::name;

const ABOUT: &str = "mount";

const START: &str = "start it: systemctl start winbootfs, or: winbootfs mount";

const SHARE: &str = "add the line user_allow_other to /etc/fuse.conf and mount again, or run \
                     winbootfs as root";

pub(super) fn judge(case: &Case) -> Vec<Finding> {
    let path = case.own.path.display();
    let problem = |what: String, next: String| vec![Finding::problem(ABOUT, what, next)];
    match &case.own.state {
        State::Up => {
            let up = Finding::ok(
                ABOUT,
                format!("winbootfs is mounted on {path}, and answers"),
            );
            std::iter::once(up).chain(closed(case)).collect()
        }
        State::Closed => closed(case).into_iter().collect(),
        State::Silent => problem(
            format!("winbootfs is mounted on {path}, and does not answer within 3 seconds"),
            "see what it says: journalctl -u winbootfs\nthen: systemctl restart winbootfs".into(),
        ),
        State::Dead { is_ours: true } => problem(
            format!("a dead winbootfs is on {path}: every call there fails"),
            "start it again, which takes the dead one away: systemctl restart winbootfs".into(),
        ),
        State::Dead { is_ours: false } => problem(
            format!("another program's dead mount is on {path}"),
            format!("take it away: sudo umount -l {path}"),
        ),
        State::Down => down(case),
        State::Missing => problem(
            format!("the mountpoint {path} is missing"),
            format!("make it: mkdir -p {path}"),
        ),
        State::NotFolder => problem(
            format!("the mountpoint {path} is not a folder"),
            format!("name a folder in {}", case.site.place()),
        ),
        State::NotPermitted(error) => problem(
            format!("the mountpoint {path} may not be looked at: {error}"),
            format!("run this as root, or look at its owner: ls -ld {path}"),
        ),
    }
}

fn down(case: &Case) -> Vec<Finding> {
    let path = case.own.path.display();
    if let Some(id) = case.elsewhere {
        return vec![Finding::problem(
            ABOUT,
            format!(
                "process {id} has mounted winbootfs on {path} in a mount namespace of its own, where \
                 no server sees it"
            ),
            "start it by the unit in systemd/, with no ProtectSystem= or PrivateTmp= added to it",
        )];
    }
    let mut findings = vec![Finding::problem(
        ABOUT,
        format!("winbootfs is not mounted on {path}"),
        START,
    )];
    if case.this.user.id != 0 && !case.may_share {
        findings.push(Finding::note(
            ABOUT,
            "if this user starts it, no other user will see the mount, and so no server",
            SHARE,
        ));
    }
    findings
}

/// Without the option `allow_other` not even root sees it.
fn closed(case: &Case) -> Option<Finding> {
    let mount = case.own.mount.as_ref()?;
    let user = mount.user.map_or_else(|| "its owner".to_owned(), name);
    (!mount.for_everybody).then(|| {
        Finding::problem(
            ABOUT,
            format!("only {user} can see the mount, so no server of another user can"),
            SHARE,
        )
    })
}
