// SPDX-License-Identifier: Apache-2.0
// Fills the list of versions from ../versions.js, which is beside the manuals of a site and nowhere else.
(function () {
    "use strict";
    var list = document.getElementById("versions");
    var root = list.dataset.root.replace(/\/?$/, "/") + "../";
    var script = document.createElement("script");

    function fill() {
        list.textContent = "";
        Object.keys(window.amdviVersions).forEach(function (version) {
            var option = document.createElement("option");
            option.textContent = option.value = version;
            option.selected = version === list.dataset.version;
            list.appendChild(option);
        });
        list.disabled = false;
    }

    // The same page of that version, or its first one.
    function go() {
        var there = window.amdviVersions[list.value].indexOf(list.dataset.page) >= 0;
        window.location.href = root + list.value + "/" + (there ? list.dataset.page : "index.html");
    }

    script.src = root + "versions.js";
    script.onload = fill;
    list.addEventListener("change", go);
    document.head.appendChild(script);
})();
