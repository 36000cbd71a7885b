import "../style/base.css";
import { mount } from "svelte";
import { connect } from "../backend";
import App from "./App.svelte";

const target = document.getElementById("app");
if (target) mount(App, { target, props: { backend: await connect() } });
