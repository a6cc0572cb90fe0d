import { mount } from "svelte";
import { connectTo, findHost } from "./backend";
import { wearKept } from "./frame/theme.svelte";
import "./kit/app.css";
import App from "./views/App.svelte";
import NoEngine from "./views/NoEngine.svelte";

wearKept();
const target = document.getElementById("app");
const host = findHost();
if (host) connectTo(host);
if (target) mount(host ? App : NoEngine, { target });
