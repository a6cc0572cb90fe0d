//! A window on its way out: it still has its name on the bus, and is gone as soon as somebody calls it.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use crate::bus;
use crate::hands::Ended;

/// Waits for the name, says that it has it, and dies unanswered of the first call.
const LEAVING: &str = r"
import os, sys, gi
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SESSION)
def hear(_bus, message, incoming):
    if incoming and message.get_member() == 'ExecuteCallback':
        os._exit(0)
    return message
bus.add_filter(hear)
say = lambda *_: print('here', flush=True)
Gio.bus_own_name_on_connection(bus, sys.argv[1], Gio.BusNameOwnerFlags.NONE, say, None)
GLib.MainLoop().run()
";

/// The name on the bus of the one window that is open.
pub fn name_on_the_bus() -> String {
    let bus_itself = "org.freedesktop.DBus";
    let said = bus::call(
        bus_itself,
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus.ListNames",
        &[],
    );
    let names: Vec<_> = bus::texts(&said)
        .filter(|name| name.starts_with("dev.tapline."))
        .collect();
    let [name] = names[..] else {
        panic!("one window is open, and has one name: {names:?}")
    };
    name.to_owned()
}

/// Takes the name as soon as it is free. It is not given back before a call or the end of the test.
pub fn leaving(name: &str) -> impl Drop {
    let mut command = Command::new("/usr/bin/python3");
    command.args(["-c", LEAVING, name]).stdout(Stdio::piped());
    let mut started = Ended::start(&mut command);
    let said = started.output().expect("its output is read here alone");
    let mut line = String::new();
    BufReader::new(said)
        .read_line(&mut line)
        .expect("it says that it is here");
    assert_eq!(line.trim(), "here", "the name is free once the window has closed");
    started
}
